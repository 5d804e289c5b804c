/** Where a setting stands in the text of a config file: JSON5 read just far enough to know whose key is whose. */

const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[{}[\]:,]|[^\s{}[\]:,"'/]+/g;

/**
 * The line of a dotted path, 1 for the first; of as much of it as the text has. Undefined when it has not even the first
 * key. Keys may hold dots themselves, and are found in upper or lower case; elements of lists are named by number.
 */
export function lineOf(path: string, raw: string): number | undefined {
  let rest = path.toLowerCase();
  let depth = 0;
  let wantedDepth = 1;
  let key: RegExpMatchArray | undefined;
  let at: number | undefined;
  let isFound = false;
  /** Of the list that is looked through: which element comes next, and whether it has begun. */
  let list: { index: number; hasBegun: boolean } | undefined;
  for (const token of raw.matchAll(TOKEN)) {
    const [text] = token;
    if (text.startsWith("//") || text.startsWith("/*")) continue;
    // What a found key holds is looked into only when it is an object or a list.
    if (isFound && text !== "{" && text !== "[") break;
    if (isFound) list = text === "[" ? { index: 0, hasBegun: false } : undefined;
    const isElement = list !== undefined && !isFound && depth === wantedDepth && !list.hasBegun && text !== "]";
    isFound = false;
    let name = text === ":" && depth === wantedDepth ? keyOf(key?.[0]) : undefined;
    if (list && isElement) {
      list.hasBegun = true;
      name = String(list.index);
    } else if (list && text === "," && depth === wantedDepth) list = { index: list.index + 1, hasBegun: false };
    if (text === "{" || text === "[") depth++;
    if (text === "}" || text === "]") depth--;
    if (depth < wantedDepth && at !== undefined) break;
    key = token;
    if (name === undefined || (rest !== name && !rest.startsWith(`${name}.`))) continue;
    at = raw.slice(0, token.index).split("\n").length;
    if (rest === name) break;
    rest = rest.slice(name.length + 1);
    wantedDepth++;
    if (!isElement) isFound = true;
    else list = text === "[" ? { index: 0, hasBegun: false } : undefined;
  }
  return at;
}

function keyOf(text: string | undefined): string | undefined {
  return text?.replace(/^["']|["']$/g, "").toLowerCase();
}
