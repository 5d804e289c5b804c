/** Where a setting stands in the text of a config file: JSON5 read just far enough to know whose key is whose. */

const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[{}[\]:,]|[^\s{}[\]:,"'/]+/g;

/**
 * The line of a dotted path, 1 for the first; of as much of it as the text has. Undefined when it has not even the first
 * key. Keys may hold dots themselves, and are found in upper or lower case.
 */
export function lineOf(path: string, raw: string): number | undefined {
  let rest = path.toLowerCase();
  let depth = 0;
  let wantedDepth = 1;
  let key: RegExpMatchArray | undefined;
  let at: number | undefined;
  let isFound = false;
  for (const token of raw.matchAll(TOKEN)) {
    const [text] = token;
    if (text.startsWith("//") || text.startsWith("/*")) continue;
    // What a found key holds is looked into only when it is an object.
    if (isFound && text !== "{") break;
    isFound = false;
    if (text === "{" || text === "[") depth++;
    if (text === "}" || text === "]") depth--;
    if (depth < wantedDepth && at !== undefined) break;
    const name = text === ":" && depth === wantedDepth ? keyOf(key?.[0]) : undefined;
    key = token;
    if (name === undefined || (rest !== name && !rest.startsWith(`${name}.`))) continue;
    at = raw.slice(0, token.index).split("\n").length;
    if (rest === name) break;
    rest = rest.slice(name.length + 1);
    wantedDepth++;
    isFound = true;
  }
  return at;
}

function keyOf(text: string | undefined): string | undefined {
  return text?.replace(/^["']|["']$/g, "").toLowerCase();
}
