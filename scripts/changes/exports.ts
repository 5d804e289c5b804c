/** What a change does to the exported types of a folder: the difference of two sets of declaration files. */

/** Declarations by name, each on one line and without comments. The file is not part of it: a move changes no type. */
export type Exports = ReadonlyMap<string, string>;

/** A top-level declaration of a `.d.ts` file, up to the next one. */
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum) ([\w$]+)[\s\S]*?(?=^\S(?<!\}))/gm;
const SHOWN_CHARS = 240;

/** What declaration files export, by their texts. */
export function exportsOf(texts: readonly string[]): Exports {
  const found = new Map<string, string[]>();
  for (const [name, declaration] of texts.flatMap(declarationsOf))
    found.set(name, [...(found.get(name) ?? []), declaration]);
  // A function with overloads is declared several times, and two files may use one name.
  return new Map([...found].map(([name, declarations]) => [name, declarations.toSorted().join(" ")]));
}

function declarationsOf(text: string): [name: string, declaration: string][] {
  const bare = `${text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")}\nexport {};\n`;
  return [...bare.matchAll(DECLARATION)].map(([declaration, name = ""]) => [name, oneLine(declaration)]);
}

/** One line for each export that is new (`+`), gone (`-`) or has another type (`~`, with both). */
export function exportChanges(before: Exports, after: Exports): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) return [];
    if (was === undefined) return [`+ ${name}: ${shown(is ?? "")}`];
    if (is === undefined) return [`- ${name}`];
    const from = Math.max(0, firstDifference(was, is) - SHOWN_CHARS / 4);
    return [`~ ${name}`, `    was ${shown(was, from)}`, `    is  ${shown(is, from)}`];
  });
}

function oneLine(text: string): string {
  return text
    .replace(/^export (declare )?/, "")
    .replace(/\s+/g, " ")
    .trim();
}

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

/** The part of a text that begins at `from`. */
function shown(text: string, from = 0): string {
  const part = text.slice(from, from + SHOWN_CHARS);
  return `${from > 0 ? "…" : ""}${part}${from + SHOWN_CHARS < text.length ? "…" : ""}`;
}
