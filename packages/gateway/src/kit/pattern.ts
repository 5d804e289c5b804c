/** What can be said of a pattern of the settings without running it. */

const ATOM = /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S]/giy;
const MAX_OPTIONAL = 6;

/**
 * Whether the language's own engine needs no more than some milliseconds for a pattern, whatever it is run on: quantifiers
 * stand behind single characters only, and one at most has no small limit.
 */
export function isSimplePattern(pattern: string): boolean {
  let optional = 0;
  let unlimited = 0;
  let previous = "";
  ATOM.lastIndex = 0;
  for (let found = ATOM.exec(pattern); found; found = ATOM.exec(pattern)) {
    const [atom] = found;
    if (/^\\[1-9k]/.test(atom)) return false;
    if (/^[*+{?]$/.test(atom)) {
      // A quantifier behind a group multiplies what the group can do; "(?" opens one.
      if (previous === ")") return false;
      if (atom === "?" && previous === "(") {
        previous = "(?";
        continue;
      }
      if (atom === "?") optional++;
      else unlimited++;
    } else if (previous === "(?" && /^[=!<]$/.test(atom)) return false;
    previous = atom;
  }
  return optional <= MAX_OPTIONAL && unlimited <= 1;
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
