/** What can be said of a pattern of the settings without running it. */

const ATOM = /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S]/giy;
const MAX_OPTIONAL = 6;

/**
 * Whether the language's own engine needs no more than some milliseconds for a pattern, whatever it is run on: nothing in
 * it is repeated, and only a few things are optional. A single "*" is too much already: "a*aaaaaaaaab" goes over a text of
 * "a" once for each beginning, each end, and each character behind it.
 */
export function isSimplePattern(pattern: string): boolean {
  return simpleCost(pattern) !== undefined;
}

/** Steps that the language's own engine needs at most for each character of a text; undefined when the pattern is not simple. */
export function simpleCost(pattern: string): number | undefined {
  let optional = 0;
  let atoms = 0;
  let depth = 0;
  let previous = "";
  ATOM.lastIndex = 0;
  for (let found = ATOM.exec(pattern); found; found = ATOM.exec(pattern)) {
    const [atom] = found;
    atoms++;
    if (/^\\[1-9k]/.test(atom) || /^[*+{]$/.test(atom)) return undefined;
    if (atom === "?") {
      // Behind a group it multiplies what the group can do; "(?" opens one.
      if (previous === ")") return undefined;
      if (previous === "(") {
        previous = "(?";
        continue;
      }
      optional++;
    } else if (previous === "(?" && /^[=!<]$/.test(atom)) return undefined;
    else if (atom === "(") depth++;
    else if (atom === ")") depth--;
    // What follows a choice within a group is tried again after each.
    else if (atom === "|" && depth > 0) optional++;
    previous = atom;
  }
  return optional <= MAX_OPTIONAL ? atoms * 2 ** optional : undefined;
}

/** Why a pattern cannot be run in time that grows with the text alone; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  const plain = pattern.replace(/\[(?:\\[\s\S]|[^\]\\])*\]/g, "x").replace(/\\\\/g, "x");
  if (/(?<!\\)\(\?(?:[=!]|<[=!])/.test(plain))
    return "looks ahead or behind, which can take years on a short text; write it without (?=, (?!, (?<= and (?<!";
  if (/\\(?:[1-9]|k<)/.test(plain))
    return "refers back to what it has found, which can take years on a short text; write it without \\1 and \\k";
  return undefined;
}
