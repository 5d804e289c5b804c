/**
 * What makes the web pages speak other languages as they are bundled: texts in templates ask the catalogue, and a catalogue
 * is a module that one call reads.
 */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "esbuild";
import { edited, readSource, T, W } from "./source.ts";

/** Translates the sources below a folder that holds `words/`. */
export function wordsPlugin(source: string): Plugin {
  return {
    name: "words",
    setup({ onLoad }) {
      const below = new RegExp(`^${RegExp.escape(source)}.*\\.ts$`);
      onLoad({ filter: below }, async ({ path }) => ({
        contents: await translatable(path, source),
        loader: "ts" as const,
      }));
      onLoad({ filter: new RegExp(`^${RegExp.escape(join(source, "words"))}.*\\.json$`) }, async ({ path }) => ({
        contents: `export default JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(await readFile(path, "utf8"))))});`,
        loader: "js" as const,
      }));
    },
  };
}

async function translatable(path: string, source: string): Promise<string> {
  const text = await readFile(path, "utf8");
  if (dirname(path) === join(source, "words") || !text.includes("html`")) return text;
  const { edits } = await readSource(text, relative(source, path));
  if (edits.length === 0) return text;
  const from = (name: string) => {
    const way = relative(dirname(path), join(source, "words", name));
    return JSON.stringify(way.startsWith(".") ? way : `./${way}`);
  };
  const imports = [
    `import { t as ${T} } from ${from("t.ts")};`,
    `import { markup as ${W} } from ${from("markup.ts")};`,
  ];
  // On the first line, so that the lines of a stack are those of the source.
  return `${imports.join(" ")} ${edited(text, edits)}`;
}
