/** What can be said of a pattern of the settings without running it. */

const ATOM = /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S]/giy;
const MAX_OPTIONAL = 6;

/**
 * Whether JavaScript's own engine runs a pattern in a few milliseconds on any text: nothing in it is repeated, and only
 * a few parts are optional. A single "*" is too much already: "a*aaaaaaaaab" tries every start, every end and every
 * following character in a text of "a".
 */
export function isSimplePattern(pattern: string): boolean {
  return simpleCost(pattern) !== undefined;
}

/**
 * The most steps that JavaScript's own engine needs for each character of a text; undefined when the pattern is not
 * simple.
 */
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
      // A quantifier behind a group multiplies the group's cost; "(?" opens one.
      if (previous === ")") return undefined;
      if (previous === "(") {
        previous = "(?";
        continue;
      }
      optional++;
    } else if (previous === "(?" && /^[=!<]$/.test(atom)) return undefined;
    else if (atom === "(") depth++;
    else if (atom === ")") depth--;
    // The rest of the pattern is tried again after each alternative of a group.
    else if (atom === "|" && depth > 0) optional++;
    previous = atom;
  }
  return optional <= MAX_OPTIONAL ? atoms * 2 ** optional : undefined;
}

/** Says why a pattern cannot run in time that grows with the text alone; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  const plain = pattern.replace(/\[(?:\\[\s\S]|[^\]\\])*\]/g, "x").replace(/\\\\/g, "x");
  if (/(?<!\\)\(\?(?:[=!]|<[=!])/.test(plain))
    return "looks ahead or behind, which can take years on a short text; write it without (?=, (?!, (?<= and (?<!";
  if (/\\(?:[1-9]|k<)/.test(plain))
    return "refers back to what it has found, which can take years on a short text; write it without \\1 and \\k";
  return undefined;
}
