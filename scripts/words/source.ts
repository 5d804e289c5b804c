/** Reads a TypeScript source of the web pages: which texts for people it holds, and which escape translation. */
import { createRequire } from "node:module";
import { Language, type Node, Parser } from "web-tree-sitter";
import { type Place, type TextRun, textRuns } from "./template.ts";
import { untranslatedTexts } from "./untranslated.ts";

/** What is said of one, and of all other numbers. */
export interface Forms {
  readonly one: string;
  readonly other: string;
}

/** A text with the key under which the catalogues have it. */
export interface KeyedText {
  readonly key: string;
  readonly forms?: Forms;
  readonly line: number;
}

/** A text that no catalogue can have. */
export interface UntranslatedText {
  readonly text: string;
  readonly line: number;
  readonly why: string;
}

/** The part of a source between `from` and `to` becomes `is`. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly is: string;
}

/** One source, read. */
export interface ReadSource {
  readonly texts: readonly KeyedText[];
  readonly untranslated: readonly UntranslatedText[];
  /** What makes its templates ask the catalogue. */
  readonly edits: readonly Edit[];
}

const require = createRequire(import.meta.url);
let parser: Promise<Parser> | undefined;

/** Reads a source; `file` is its path below the sources. */
export async function readSource(source: string, file: string): Promise<ReadSource> {
  parser ??= loadParser();
  const tree = (await parser).parse(source);
  if (!tree) throw new Error("the parser gave up");
  const templates = tree.rootNode.descendantsOfType("call_expression").flatMap((call) => templateOf(call));
  const calls = tree.rootNode.descendantsOfType("call_expression").flatMap((call) => callOf(call));
  const read = {
    texts: [...templates.flatMap(({ texts }) => texts), ...calls],
    edits: templates.flatMap(({ edits }) => edits),
    untranslated: untranslatedTexts(tree.rootNode, file),
  };
  tree.delete();
  return read;
}

async function loadParser(): Promise<Parser> {
  await Parser.init();
  const grammar = await Language.load(require.resolve("tree-sitter-wasms/out/tree-sitter-typescript.wasm"));
  return new Parser().setLanguage(grammar);
}

/** The texts in a call of `t`, `plural` or `said`, which are literals or a choice between literals. */
function callOf(call: Node | null): KeyedText[] {
  const name = call?.childForFieldName("function")?.text;
  const given = (call?.childForFieldName("arguments")?.namedChildren ?? []).filter(
    (each): each is Node => each !== null && each.type !== "comment",
  );
  const line = (call?.startPosition.row ?? 0) + 1;
  if (name === "t" || name === "said")
    return given
      .slice(0, 1)
      .flatMap((first) => literalsIn(first))
      .map((key) => ({ key, line }));
  if (name !== "plural") return [];
  const [one, other] = given.slice(1, 3).flatMap((each) => literalsIn(each));
  return one === undefined || other === undefined ? [] : [{ key: other, forms: { one, other }, line }];
}

/** The literals that an expression may be. */
export function literalsIn(node: Node): string[] {
  if (node.type === "string") return [cooked(node.text.slice(1, -1))];
  if (node.type === "parenthesized_expression")
    return node.namedChildren.flatMap((each) => (each ? literalsIn(each) : []));
  if (node.type !== "ternary_expression") return [];
  return ["consequence", "alternative"].flatMap((field) => {
    const each = node.childForFieldName(field);
    return each ? literalsIn(each) : [];
  });
}

/** A literal's characters as they are when the program runs. */
function cooked(text: string): string {
  return text
    .replace(/\\u(?:\{([0-9a-f]+)\}|([0-9a-f]{4}))/gi, (_all, long, short) =>
      String.fromCodePoint(Number.parseInt(long ?? short, 16)),
    )
    .replace(/\\(.)/g, "$1");
}

/** The texts of a template of lit, and what makes them ask the catalogue. */
function templateOf(call: Node | null): { texts: KeyedText[]; edits: Edit[] }[] {
  const template = call?.childForFieldName("arguments");
  const tag = call?.childForFieldName("function");
  if (tag?.text !== "html" || template?.type !== "template_string") return [];
  const holes = template.namedChildren.filter((each): each is Node => each?.type === "template_substitution");
  const starts = [template.startIndex + 1, ...holes.map(({ endIndex }) => endIndex)];
  const ends = [...holes.map(({ startIndex }) => startIndex), template.endIndex - 1];
  const offset = template.startIndex;
  const parts = starts.map((start, index) => template.text.slice(start - offset, (ends[index] ?? start) - offset));
  const isPicture = (index: number) => /(?:Icon|claws)\}$/.test(holes[index]?.text ?? "");
  const runs = textRuns(parts, isPicture);
  const at = ({ part, at: inside }: Place) => (starts[part] ?? 0) + inside;
  const line = template.startPosition.row + 1;
  return [
    {
      texts: runs.map(({ key, from }) => ({
        key: cooked(key),
        line: line + (template.text.slice(0, at(from) - offset).split("\n").length - 1),
      })),
      edits: runs.flatMap((run) => editsFor(run, { at, holes, isWhole: isWhole(run, parts), tag })),
    },
  ];
}

interface TemplateInfo {
  readonly at: (place: Place) => number;
  readonly holes: readonly Node[];
  readonly isWhole: boolean;
  readonly tag: Node;
}

/** Whether nothing else is in the template. */
function isWhole({ from, to }: TextRun, parts: readonly string[]): boolean {
  const before = parts[from.part]?.slice(0, from.at) ?? "";
  const after = parts[to.part]?.slice(to.at) ?? "";
  return from.part === 0 && to.part === parts.length - 1 && before.trim() === "" && after.trim() === "";
}

/** Words become a call of `t`; markup a template of its own; an attribute's value a call that is given its expressions. */
function editsFor(run: TextRun, { at, holes, isWhole, tag }: TemplateInfo): Edit[] {
  const from = at(run.from);
  const to = at(run.to);
  if (run.kind === "words") return [{ from, to, is: `\${${T}(${literal(run.key)})}` }];
  if (run.kind === "markup")
    return isWhole
      ? [{ from: tag.startIndex, to: tag.endIndex, is: W }]
      : [
          { from, to: from, is: `\${${W}\`` },
          { from: to, to, is: "`}" },
        ];
  const inside = holes.slice(run.from.part, run.to.part);
  const edges = inside.flatMap(({ startIndex, endIndex }) => [startIndex + 2, endIndex - 1]);
  const bounds = [from, ...edges, to];
  const texts = [`\${${T}(${literal(run.key)}`, ...inside.map(() => ", ")];
  return Array.from({ length: bounds.length / 2 }, (_, index) => ({
    from: bounds[index * 2] ?? from,
    to: bounds[index * 2 + 1] ?? to,
    is: inside.length === 0 ? `${texts[0]})}` : index === 0 ? `${texts[0]}, ` : index === inside.length ? ")}" : ", ",
  }));
}

/** The names under which a translated source knows the two functions. */
export const T = "translatedText";
export const W = "translatedMarkup";

function literal(key: string): string {
  return JSON.stringify(cooked(key)).replaceAll("`", "\\u0060").replaceAll("${", "\\u0024{");
}

/** A source with its edits made. */
export function edited(source: string, edits: readonly Edit[]): string {
  const inOrder = [...edits].sort((one, other) => other.from - one.from || other.to - one.to);
  return inOrder.reduce((text, { from, to, is }) => text.slice(0, from) + is + text.slice(to), source);
}
