/** Wildcards, in time that grows with pattern and text alone: both may come from somebody who wants to hold the gateway. */

/** Whether all of `text` is meant: `?` is one character and `*` any number of them, without `/`; `**` with it. */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.match(/\*\*|[\s\S]/gu) ?? [];
  const isStar = parts.map((part) => part === "*" || part === "**");
  /** Which parts could come next, after each character. */
  let open = new Set([0]);
  const skipStars = (from: Set<number>) => {
    // A set can grow while it is walked: what a star skips may be a star again.
    for (const at of from) if (isStar[at]) from.add(at + 1);
    return from;
  };
  skipStars(open);
  for (const character of text) {
    const next = new Set<number>();
    for (const at of open) {
      const part = parts[at];
      if (part === "**" || (part === "*" && character !== "/")) next.add(at);
      else if (part === character || (part === "?" && character !== "/")) next.add(at + 1);
    }
    open = skipStars(next);
    if (open.size === 0) return false;
  }
  return open.has(parts.length);
}
