/** Which module imports which: read from the sources' import statements, without running them. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** One import. `to` is a path from the repository's root, or a package's name. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** `type` leaves nothing behind when types are stripped; `dynamic` is loaded when it is first needed. */
  readonly kind: "value" | "type" | "dynamic";
}

/** The repository's root. */
export const ROOT = join(import.meta.dirname, "../..");

/** A source file's text by its path from the root, without comments. Tests are left out. */
export function readSources(pattern: string): Map<string, string> {
  const texts = [...readTexts(pattern)].filter(([path]) => !path.endsWith(".test.ts"));
  return new Map(texts.map(([path, text]) => [path, withoutComments(text)]));
}

/** A file's text as it stands by its path from the root, tests included. */
export function readTexts(pattern: string): Map<string, string> {
  const paths = globSync(pattern, { cwd: ROOT }).filter((path) => !path.endsWith(".d.ts"));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

/** A source's text without its comments. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** The imports and re-exports of one file. */
export function importsOf(from: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:([\w$*{},\s]+?)\s+from\s+)?"([^"]+)"/gm);
  const fixed = [...statements].map(([, type, names = "", to = ""]): Import => {
    const isType = type !== undefined || isOnlyTypes(names);
    return { from, to: target(from, to), kind: isType ? "type" : "value" };
  });
  const dynamic = [...text.matchAll(/(?<!typeof )\bimport\("([^"]+)"\)(?!\.[A-Z])/g)].map(
    ([, to = ""]): Import => ({ from, to: target(from, to), kind: "dynamic" }),
  );
  return [...fixed, ...dynamic];
}

/** `{ type A, type B }` imports no value. */
function isOnlyTypes(names: string): boolean {
  const list = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  const each = list?.split(",").map((name) => name.trim());
  return each?.every((name) => name === "" || name.startsWith("type ")) ?? false;
}

function target(from: string, to: string): string {
  if (to.startsWith(".")) return normalize(join(dirname(from), to));
  return to
    .split("/")
    .slice(0, to.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Everything that is loaded when `entry` is: it, and what it imports as values, however far away. */
export function loadedWith(entry: string, imports: readonly Import[]): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { from, to, kind } of imports) if (from === path && kind === "value") visit(to);
  };
  visit(entry);
  return loaded;
}

/** A cycle of value imports as the list of its files, or undefined when there is none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const { from, to, kind } of imports) {
      const cycle = from === path && kind === "value" ? visit(to, [...trail, path]) : undefined;
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const { from } of imports) {
    const cycle = visit(from, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * The circles of imports, types and dynamic ones included: files that all reach each other. The largest comes first.
 * Source: Tarjan's algorithm for strongly connected components.
 */
export function circlesIn(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const trail: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.get(path)!);
    trail.push(path);
    for (const { to } of next.get(path) ?? []) {
      if (!order.has(to)) visit(to);
      if (trail.includes(to)) lowest.set(path, Math.min(lowest.get(path)!, lowest.get(to)!));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = trail.splice(trail.indexOf(path));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const path of next.keys()) if (!order.has(path)) visit(path);
  return circles.sort((one, other) => other.length - one.length);
}
