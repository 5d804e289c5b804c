// Reads the params of a call: what is missing has a default, what is out of range is brought into it, what is of another
// kind is refused.

import { badParams } from "./failure.ts";

/** The params of a call, checked to be an object. */
export type Params = Readonly<Record<string, unknown>>;

/** A number, brought into its range. */
export function numberIn(
  params: Params,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const value = params[name] ?? fallback;
  if (typeof value !== "number" || Number.isNaN(value)) throw badParams(`${name} must be a number`);
  return Math.min(max, Math.max(min, value));
}

/** A text; undefined when there is none. */
export function textIn(params: Params, name: string): string | undefined {
  const value = params[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw badParams(`${name} must be a text`);
}

/** A yes or no. */
export function flagIn(params: Params, name: string, fallback: boolean): boolean {
  const value = params[name] ?? fallback;
  if (typeof value === "boolean") return value;
  throw badParams(`${name} must be true or false`);
}
