/**
 * Parses a config text into a tree of places: just enough JSON5 to know what is where. It also reads broken texts.
 */

const TOKEN =
  /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[{}[\]:,]|[^\s\ufeff{}[\]:,"'/]+/g;

/** A value of the text: an object, a list or a scalar, from `start` up to `end` (braces included). */
export interface Place {
  readonly kind: "object" | "list" | "value";
  readonly start: number;
  end: number;
  /** Its members, in the order of the text. */
  readonly members: Member[];
}

/** A value with its key, or with its position in a list. `start` is the start of the key or of the element. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly value: Place;
  /** The place of the comma behind it. */
  comma: number | undefined;
}

/** The outermost value of a text; undefined when it has none. */
export function placesIn(raw: string): Place | undefined {
  let root: Place | undefined;
  const open: Place[] = [];
  let key: { readonly name: string; readonly start: number } | undefined;
  const add = (value: Place) => {
    const parent = open.at(-1);
    root ??= value;
    if (!parent) return;
    const name = key?.name ?? String(parent.members.length);
    parent.members.push({ key: name, start: key?.start ?? value.start, value, comma: undefined });
    key = undefined;
  };
  for (const { 0: text, index: start } of raw.matchAll(TOKEN)) {
    const end = start + text.length;
    const parent = open.at(-1);
    if (text === ":" || text.startsWith("//") || text.startsWith("/*")) continue;
    if (text === "{" || text === "[") {
      const place: Place = { kind: text === "{" ? "object" : "list", start, end, members: [] };
      add(place);
      open.push(place);
    } else if (text === "}" || text === "]") {
      const closed = open.pop();
      if (closed) closed.end = end;
      key = undefined;
    } else if (text === ",") {
      const member = parent?.members.at(-1);
      if (member) member.comma = start;
      key = undefined;
    } else if (parent?.kind === "object" && key === undefined) key = { name: wordOf(text), start };
    else add({ kind: "value", start, end, members: [] });
  }
  return root;
}

/** Decodes a key or a string, with or without quotes. */
export function wordOf(text: string): string {
  const word = text.replace(/^(["'])([\s\S]*)\1$/, "$2");
  if (!word.includes("\\")) return word;
  return word.replace(ESCAPE, (_, hex: string | undefined, other: string | undefined) =>
    hex === undefined
      ? (SHORT_ESCAPES[other ?? ""] ?? other ?? "")
      : String.fromCharCode(Number.parseInt(hex.slice(1), 16)),
  );
}

/** Escapes of JSON5 (specification, section 5.1), a line that goes on among them. */
const ESCAPE = /\\(?:(u[\da-f]{4}|x[\da-f]{2})|\r\n|([\s\S]))/gi;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  ...{ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", 0: "\0" },
  ...{ "\n": "", "\r": "", "\u2028": "", "\u2029": "" },
};
