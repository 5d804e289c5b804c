/** Swift's grammar, to see whether generated Swift can be read. */
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { Language, Parser } from "web-tree-sitter";

// V8's optimising compiler runs out of memory on the grammar's one huge function; its baseline compiler does well.
setFlagsFromString("--no-wasm-tier-up");
setFlagsFromString("--no-wasm-dynamic-tiering");

const require = createRequire(import.meta.url);
await Parser.init();
const parser = new Parser().setLanguage(
  await Language.load(require.resolve("tree-sitter-wasms/out/tree-sitter-swift.wasm")),
);

/** Where a Swift source cannot be read: the line and its text, for each error and each missing token. */
export function syntaxErrors(source: string): string[] {
  const tree = parser.parse(source);
  if (!tree) throw new Error("the parser gave up");
  const lines = source.split("\n");
  return tree.rootNode
    .descendantsOfType(["ERROR"])
    .concat(missing(tree.rootNode))
    .flatMap((node) => (node ? [`${node.startPosition.row + 1}: ${lines[node.startPosition.row]?.trim()}`] : []));
}

function missing(node: NonNullable<ReturnType<typeof parser.parse>>["rootNode"]): (typeof node)[] {
  if (!node.hasError) return [];
  return node.children.flatMap((child) => (child ? [...(child.isMissing ? [child] : []), ...missing(child)] : []));
}
