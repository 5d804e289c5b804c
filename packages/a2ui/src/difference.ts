/** What must be said to turn one surface into another without drawing it anew. */
import type { Component, SurfaceMessage } from "./messages.ts";
import type { Surface } from "./surface.ts";

/** The messages; undefined when the surface must be drawn anew. */
export function difference(id: string, before: Surface, after: Surface): SurfaceMessage[] | undefined {
  const isSame = before.root === after.root && isEqual(before.theme, after.theme);
  const isOrigin = (before.created === undefined) === (after.created === undefined);
  if (!isSame || !isOrigin || [...before.components.keys()].some((each) => !after.components.has(each)))
    return undefined;
  const changed = [...after.components.values()].filter((each) => !isEqual(each, before.components.get(each.id)));
  return [...data(id, before.data, after.data), ...components(id, changed)];
}

function components(surfaceId: string, changed: readonly Component[]): SurfaceMessage[] {
  return changed.length === 0 ? [] : [{ version: "v0.9", updateComponents: { surfaceId, components: changed } }];
}

/** Key by key, so that what a person writes beside a change stays. */
function data(surfaceId: string, before: unknown, after: unknown): SurfaceMessage[] {
  if (isEqual(before, after)) return [];
  if (!isPlain(before) || !isPlain(after)) return [{ version: "v0.9", updateDataModel: { surfaceId, value: after } }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys
    .filter((key) => !isEqual(before[key], after[key]))
    .map((key) => {
      const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return { version: "v0.9", updateDataModel: { surfaceId, path, ...(key in after && { value: after[key] }) } };
    });
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  // A path has no way to an empty name.
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.hasOwn(value, "");
}

function isEqual(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
