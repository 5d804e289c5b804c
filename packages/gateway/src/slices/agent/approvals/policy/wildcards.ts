/** Names of files as a shell reads them: with stars, sets and alternatives. */

/** Signs for any number of characters of a name, for one character, and for an unknown text. */
export const ANY = "\ue000";

export const ONE = "\ue001";

export const UNKNOWN = "\ue002";

/** Whether a name holds one of the signs. */
export const WILD = new RegExp(`[${ANY}${ONE}${UNKNOWN}]`);

const MAX_ALTERNATIVES = 32;

/** A set of characters: `[a-z]`. */
export const SET = /\[[^/]{1,255}?\]/y;

/** Longer than this, a word is not read any further. */
export const MAX_TEXT = 40_000;

/** What a sticky pattern finds at a place. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Expands `{a,b}`; `isCut` says that there are more words. */
export function alternatives(text: string): { texts: string[]; isCut: boolean } {
  const groups = groupsOf(text);
  if (groups.size === 0) return { texts: [text], isCut: false };
  let isCut = false;
  const capped = (texts: string[]) => {
    if (texts.length > MAX_ALTERNATIVES) isCut = true;
    return texts.slice(0, MAX_ALTERNATIVES);
  };
  const stack: { done: string[]; now: string[] }[] = [{ done: [], now: [""] }];
  let from = 0;
  for (const at of [...groups.keys(), text.length]) {
    const top = stack.at(-1)!;
    const plain = text.slice(from, at);
    if (plain !== "") top.now = top.now.map((each) => each + plain);
    from = at + 1;
    const kind = groups.get(at);
    if (kind === "{") stack.push({ done: [], now: [""] });
    else if (kind === ",") Object.assign(top, { done: capped([...top.done, ...top.now]), now: [""] });
    else if (kind === "}") {
      stack.pop();
      const below = stack.at(-1)!;
      const all = capped([...top.done, ...top.now]);
      below.now = capped(below.now.flatMap((each) => all.map((more) => each + more)));
    }
  }
  return { texts: stack[0]!.now, isCut };
}

/** The places of braces and commas that make words, in order: of pairs with a comma between them. */
function groupsOf(text: string): Map<number, string> {
  const open: { at: number; commas: number[] }[] = [];
  const found: [number, string][] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{") open.push({ at, commas: [] });
    else if (char === ",") open.at(-1)?.commas.push(at);
    else if (char === "}") {
      const group = open.pop();
      if (group === undefined || group.commas.length === 0) continue;
      found.push([group.at, "{"], [at, "}"]);
      for (const comma of group.commas) found.push([comma, ","]);
    }
  }
  return new Map(found.toSorted(([a], [b]) => a - b));
}

/** Whether a name matches a pattern, both in small letters. Takes at most the product of their lengths. */
export function isLike(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let next = 0;
  while (at < name.length) {
    const char = pattern[next];
    if (char === ANY || char === UNKNOWN) {
      star = next++;
      retry = at;
    } else if (char !== undefined && (char === ONE || char === name[at])) {
      at++;
      next++;
    } else if (star === -1) return false;
    else {
      next = star + 1;
      at = ++retry;
    }
  }
  while (pattern[next] === ANY || pattern[next] === UNKNOWN) next++;
  return next === pattern.length;
}
