/** Small changes of a source text, each of which a good test notices: read off the syntax tree, one at a time. */
import { createRequire } from "node:module";
import { Language, type Node, Parser } from "web-tree-sitter";

/** One change: what is at `start` is replaced. */
export interface Mutation {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly was: string;
  readonly is: string;
}

const OPERATORS: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "&&": "||",
  "||": "&&",
  "??": "&&",
  "+": "-",
  "-": "+",
  "+=": "-=",
  "-=": "+=",
};
const CONSTANTS: Readonly<Record<string, string>> = { true: "false", false: "true" };
/** Statements that can be left out without making the text unreadable. */
const STATEMENTS = new Set([
  "expression_statement",
  "return_statement",
  "throw_statement",
  "continue_statement",
  "break_statement",
]);
/** Types leave nothing behind, so that changing them changes nothing. */
const TYPES = new Set([
  "type_annotation",
  "type_alias_declaration",
  "interface_declaration",
  "type_arguments",
  "type_parameters",
  "import_statement",
  "as_expression_type",
]);

const require = createRequire(import.meta.url);

/** All mutations of a TypeScript source, in the order of the text. */
export async function mutationsOf(source: string): Promise<Mutation[]> {
  await Parser.init();
  const grammar = await Language.load(require.resolve("tree-sitter-wasms/out/tree-sitter-typescript.wasm"));
  const tree = new Parser().setLanguage(grammar).parse(source);
  if (!tree) throw new Error("the parser gave up");
  return found(tree.rootNode);
}

function found(node: Node): Mutation[] {
  if (TYPES.has(node.type)) return [];
  const inner = node.children.flatMap((child) => (child ? found(child) : []));
  return [...own(node), ...inner];
}

/** What can be changed at a node itself. */
function own(node: Node): Mutation[] {
  const replaced = (is: string, target: Node = node): Mutation => ({
    line: target.startPosition.row + 1,
    start: target.startIndex,
    end: target.endIndex,
    was: target.text,
    is,
  });
  const operator = node.childForFieldName("operator");
  if ((node.type === "binary_expression" || node.type === "augmented_assignment_expression") && operator) {
    const other = OPERATORS[operator.text];
    return other === undefined ? [] : [replaced(other, operator)];
  }
  if (node.type === "unary_expression" && operator?.text === "!") return [replaced("", operator)];
  const condition =
    node.type === "if_statement" || node.type === "ternary_expression" ? node.childForFieldName("condition") : null;
  if (condition)
    return [
      replaced(
        `(!${condition.type === "parenthesized_expression" ? condition.text : `(${condition.text})`})`,
        condition,
      ),
    ];
  if (Object.hasOwn(CONSTANTS, node.type)) return [replaced(CONSTANTS[node.type]!)];
  if (node.type === "number") return [replaced(`(${node.text} + 1)`)];
  return STATEMENTS.has(node.type) ? [replaced(";")] : [];
}

/** The source with one mutation. */
export function mutated(source: string, { start, end, is }: Mutation): string {
  return source.slice(0, start) + is + source.slice(end);
}
