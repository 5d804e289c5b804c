/** The comments of a config file by the settings beside which they stand. */
import { readConfig } from "../../../base/config/config.ts";
import { textsIn } from "./config-texts.ts";

/** Comments by dotted path: those before a key, and one behind its value on the same line. Empty for an invalid text. */
export function commentsOf(raw: string): Record<string, string> {
  if (readConfig(raw, []).issues.length > 0) return {};
  const found: Record<string, string> = {};
  const add = (path: string, text: string) => {
    found[path] = found[path] === undefined ? text : `${found[path]} ${text}`;
  };
  let waiting: string[] = [];
  let last: { readonly path: string; readonly end: number } | undefined;
  const root = BEFORE_ROOT.exec(raw)?.[0].length ?? 0;
  for (const { kind, start, end, path, value } of textsIn(raw)) {
    if (kind === "comment") {
      if (start < root) continue; // about the whole file
      const isBehind = last !== undefined && !raw.slice(last.end, start).includes("\n");
      if (isBehind && last) add(last.path, wordsOf(value));
      else waiting.push(wordsOf(value));
      continue;
    }
    const name = path.join(".");
    last = { path: name, end };
    if (kind !== "key") continue;
    const text = waiting.filter((each) => each !== "").join(" ");
    if (text !== "") add(name, text);
    waiting = [];
  }
  return found;
}

const BEFORE_ROOT = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*\{/;

function wordsOf(comment: string): string {
  return comment
    .replace(/^\/\/+|^\/\*+|\*+\/$/g, "")
    .replace(/\n\s*\*?/g, " ")
    .trim();
}
