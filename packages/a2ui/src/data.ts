/** The data of a surface: a value of JSON that is never changed, only put in another's place. */
import { A2uiError } from "./error.ts";
import { LIMITS } from "./limits.ts";
import { bytesOf, quoted } from "./shape.ts";

/** How far past its end a list may be set. */
const GAP = 1_000;

/** The data with `value` at the path; without the path when `value` is undefined. Throws where there is no such place. */
export function withValue(data: unknown, path: readonly string[], value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (Array.isArray(data)) return withItem(data, part, rest, value);
  if (data !== undefined && data !== null && typeof data !== "object")
    throw new A2uiError(`the data has no place ${quoted(part)}: above it stands a plain value`);
  if ((data === undefined || data === null) && isIndex(part)) return withItem([], part, rest, value);
  const object = (data ?? {}) as Readonly<Record<string, unknown>>;
  const inner = withValue(Object.hasOwn(object, part) ? object[part] : undefined, rest, value);
  if (inner !== undefined) return { ...object, [part]: inner };
  const { [part]: _, ...others } = object;
  return others;
}

function withItem(list: readonly unknown[], part: string, rest: readonly string[], value: unknown): unknown[] {
  const index = Number(part);
  if (!isIndex(part)) throw new A2uiError(`the data has a list where the path says ${quoted(part)}; use a number`);
  if (index > list.length + GAP) throw new A2uiError(`the list has ${list.length} items; the path says ${part}`);
  const items = [...list];
  while (items.length < index) items.push(null);
  items[index] = withValue(items[index], rest, value) ?? null;
  return items;
}

/** What is at the path. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

/** How large a value is as JSON, in bytes. */
export function sizeOf(value: unknown): number {
  return value === undefined ? 0 : bytesOf(JSON.stringify(value));
}

/** Throws when the data is deeper than a surface takes. */
export function checkDepth(value: unknown, depth: number): void {
  if (depth > LIMITS.depth) throw new A2uiError(`the data is nested deeper than ${LIMITS.depth} levels`);
  if (typeof value === "object" && value !== null) for (const each of Object.values(value)) checkDepth(each, depth + 1);
}

function isIndex(part: string): boolean {
  return /^(0|[1-9]\d{0,8})$/.test(part);
}
