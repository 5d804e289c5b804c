/** What components show each other: no circles, no depth without end, and no more than a browser can draw. */
import { A2uiError } from "./error.ts";
import { LIMITS } from "./limits.ts";
import type { Component } from "./messages.ts";
import { isObject, quoted } from "./shape.ts";

/** Throws when a component shows itself, when they stand too deep, or when there are too many to draw. */
export function checkTree(components: ReadonlyMap<string, Component>): void {
  const measured = new Map<string, { readonly depth: number; readonly drawn: number }>();
  const above = new Set<string>();
  const measure = (id: string) => {
    const known = measured.get(id);
    if (known !== undefined) return known;
    if (above.has(id)) throw new A2uiError(`component ${quoted(id)} shows itself: ${circle(id, above)}`);
    above.add(id);
    let depth = 0;
    let drawn = 1;
    const component = components.get(id);
    for (const child of component === undefined ? [] : childrenOf(component)) {
      const below = measure(child);
      depth = Math.max(depth, below.depth);
      drawn += below.drawn;
    }
    above.delete(id);
    if (depth + 1 > LIMITS.depth) throw new A2uiError(`component ${quoted(id)} holds more than ${LIMITS.depth} levels`);
    if (drawn > LIMITS.drawn) throw new A2uiError(`component ${quoted(id)} draws more than ${LIMITS.drawn} components`);
    const result = { depth: depth + 1, drawn };
    measured.set(id, result);
    return result;
  };
  for (const id of components.keys()) measure(id);
}

function circle(id: string, above: ReadonlySet<string>): string {
  const path = [...above];
  const round = [...path.slice(path.indexOf(id)), id];
  return (round.length > 8 ? [...round.slice(0, 6), "…", id] : round).join(" → ");
}

/** The ids of all that a component shows, once for each time. */
export function childrenOf(component: Component): string[] {
  const { child, children, tabs, trigger, content } = component;
  const ids: unknown[] = [child, trigger, content];
  if (Array.isArray(children)) ids.push(...children);
  else if (isObject(children)) ids.push(children.componentId);
  if (Array.isArray(tabs)) ids.push(...tabs.map((tab) => (isObject(tab) ? tab.child : undefined)));
  return ids.filter((id) => typeof id === "string");
}
