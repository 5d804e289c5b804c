/**
 * Matches wildcards in time that grows with pattern and text alone, because both may be hostile. There are three
 * dialects; each is the one that its settings and tools describe to people.
 */

/** The most texts that the braces of one glob expand to. */
const MAX_ALTERNATIVES = 64;

/** Whether a pattern matches a name, or its beginning where the pattern ends with `*`. For lists of tools. */
export function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/**
 * Whether a pattern matches all of `text`: `?` is one character, `*` any number without `/`, and `**` any number. For
 * programs that may run.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.match(/\*\*|[\s\S]/gu) ?? [];
  const isStar = parts.map((part) => part === "*" || part === "**");
  /** The parts of the pattern that could match next. */
  let open = new Set([0]);
  const skipStars = (from: Set<number>) => {
    // The set grows while it is iterated: behind a skipped star may stand another one.
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

/**
 * Whether a glob matches a relative path: `*` and `?` within a name, `**` for any number of folders, `{a,b}`. A glob
 * without a slash matches the name alone, in any folder. For tools that look for files.
 */
export function matchesPath(glob: string, path: string): boolean {
  return alternatives(glob).some((pattern) => {
    const wanted = pattern.replace(/^\.\//, "").split("/");
    const names = path.split("/");
    return wanted.length === 1 ? fitsName(names.at(-1)!, wanted[0]!) : fitsWay(names, wanted);
  });
}

/** Every text that the braces of a glob stand for. */
function alternatives(glob: string): string[] {
  let open = [glob];
  const done: string[] = [];
  while (open.length > 0 && open.length + done.length <= MAX_ALTERNATIVES) {
    open = open.flatMap((each) => {
      const braces = /\{([^{}]*)\}/.exec(each);
      if (!braces) {
        done.push(each);
        return [];
      }
      const before = each.slice(0, braces.index);
      const after = each.slice(braces.index + braces[0].length);
      return braces[1]!.split(",").map((choice) => `${before}${choice}${after}`);
    });
  }
  return done;
}

/** Row by row: which beginnings of the path the pattern read so far can stand for. */
function fitsWay(names: readonly string[], wanted: readonly string[]): boolean {
  let reached = [true, ...names.map(() => false)];
  for (const part of wanted) {
    const next = reached.map(() => false);
    for (let at = 0; at <= names.length; at++) {
      if (part === "**") next[at] = reached[at]! || (at > 0 && next[at - 1]!);
      else if (at > 0) next[at] = reached[at - 1]! && fitsName(names[at - 1]!, part);
    }
    reached = next;
  }
  return reached.at(-1)!;
}

/** The usual two-pointer walk: of several stars only the last is ever taken back. */
function fitsName(name: string, pattern: string): boolean {
  let [at, wanted] = [0, 0];
  let star: { readonly pattern: number; name: number } | undefined;
  while (at < name.length) {
    if (pattern[wanted] === "*") {
      star = { pattern: wanted++, name: at };
    } else if (pattern[wanted] === "?" || pattern[wanted] === name[at]) {
      wanted++;
      at++;
    } else if (star) {
      wanted = star.pattern + 1;
      at = ++star.name;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(wanted));
}
