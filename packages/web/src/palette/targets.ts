// What the palette finds, the best first. Pure functions.

/** Somewhere to go, or something to do. */
export interface Target {
  readonly label: string;
  /** What it is, for people: "Page", "Conversation". */
  readonly kind: string;
  readonly run: () => unknown;
}

const MOST = 30;

/** The targets that fit what was typed: names that begin with it, then words that do, then the rest that contain all its words. */
export function best<Each extends Pick<Target, "label">>(targets: readonly Each[], typed: string): readonly Each[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return targets.slice(0, MOST);
  const ranked = targets.flatMap((target) => {
    const rank = rankOf(target.label.toLowerCase(), wanted);
    return rank === undefined ? [] : [{ target, rank }];
  });
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.slice(0, MOST).map(({ target }) => target);
}

function rankOf(label: string, wanted: string): number | undefined {
  if (label.startsWith(wanted)) return 0;
  if (label.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 1;
  return wanted.split(/\s+/).every((word) => label.includes(word)) ? 2 : undefined;
}

/** The dotted paths of a JSON Schema's own properties, down to so many steps. */
export function pathsOf(schema: unknown, steps = 3, before = ""): string[] {
  const { properties } = (schema ?? {}) as { properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined || steps === 0) return [];
  return Object.entries(properties).flatMap(([name, below]) => {
    const path = before === "" ? name : `${before}.${name}`;
    return [path, ...pathsOf(below, steps - 1, path)];
  });
}
