/**
 * Finds the texts of a config file: strings and numbers with their paths, and comments. The file must be valid JSON5.
 */
import JSON5 from "json5";
import { wordOf } from "../../../base/config/config-tree.ts";

/** A string, a number or a comment, from `start` to before `end`; `value` is what it says, `path` the value's or the key's own. */
export interface PlacedText {
  readonly kind: "value" | "key" | "comment";
  readonly start: number;
  readonly end: number;
  readonly path: readonly string[];
  readonly value: string;
}

const TOKEN =
  /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[{}[\]:,]|[^\s\ufeff{}[\]:,"'/]+/g;

/** An object or a list that is being read: its next key, or its next index. */
interface Level {
  readonly isList: boolean;
  index: number;
  key: string | undefined;
}

/** All texts, in the order of the file. */
export function textsIn(raw: string): PlacedText[] {
  const found: PlacedText[] = [];
  const levels: Level[] = [];
  const path = () => levels.map(({ isList, index, key }) => (isList ? String(index) : (key ?? "")));
  for (const token of raw.matchAll(TOKEN)) {
    const [text] = token;
    const place = { start: token.index, end: token.index + text.length };
    const level = levels.at(-1);
    if (text.startsWith("//") || text.startsWith("/*"))
      found.push({ kind: "comment", ...place, path: [], value: text });
    else if (text === "{" || text === "[") levels.push({ isList: text === "[", index: 0, key: undefined });
    else if (text === "}" || text === "]") levels.pop();
    else if (text === ",") {
      if (level?.isList) level.index++;
      else if (level) level.key = undefined;
    } else if (text === ":") continue;
    else if (level && !level.isList && level.key === undefined) {
      level.key = wordOf(text);
      found.push({ kind: "key", ...place, path: path(), value: level.key });
    } else if (/^["'\d.+-]/.test(text)) found.push({ kind: "value", ...place, path: path(), value: textOf(text) });
  }
  return found;
}

function textOf(text: string): string {
  return /^["']/.test(text) ? wordOf(text) : String(JSON5.parse<number>(text));
}
