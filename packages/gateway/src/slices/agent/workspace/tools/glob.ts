/** Globs over relative paths: `*` and `?` within a name, `**` over folders, `{a,b}`. Time grows with the input only. */

const MAX_ALTERNATIVES = 64;

/** Whether a path fits a glob. A glob without a slash is about the name alone, wherever the file stands. */
export function matchesGlob(path: string, glob: string): boolean {
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
