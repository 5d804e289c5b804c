/** The arguments of tool calls, which models write by hand. */

/** The deepest nesting; no tool needs more, and deeper values cannot be serialised again. */
const MAX_DEPTH = 100;

/**
 * What a model wrote, as an object of well-formed text; nothing at all is an empty one. Undefined when it is not the JSON
 * of an object: some providers refuse every later request that repeats anything else.
 */
export function readArgs(raw: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = raw.trim() === "" ? {} : (JSON.parse(raw) ?? {});
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return clean(value, MAX_DEPTH) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) throw new RangeError("nested too deep");
  if (Array.isArray(value)) return value.map((each) => clean(each, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), clean(each, depth - 1)]));
}
