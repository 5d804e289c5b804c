/** Looks into JSON that anybody may have written. Every function throws an A2uiError that says what was expected where. */
import { A2uiError } from "./error.ts";
import { FORBIDDEN_NAMES, LIMITS } from "./limits.ts";

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

const ID = /^[A-Za-z0-9._:-]{1,128}$/;
const encoder = new TextEncoder();

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, where: string): Json {
  if (!isObject(value)) throw new A2uiError(`${where} must be an object, not ${kindOf(value)}`);
  return value;
}

export function listAt(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new A2uiError(`${where} must be a list, not ${kindOf(value)}`);
  return value;
}

export function textAt(value: unknown, where: string): string {
  if (typeof value !== "string") throw new A2uiError(`${where} must be a text, not ${kindOf(value)}`);
  return value;
}

/** An id of a surface or a component. */
export function idAt(value: unknown, where: string): string {
  if (typeof value === "string" && FORBIDDEN_NAMES.has(value))
    throw new A2uiError(`${where} must not be ${quoted(value)}`);
  if (typeof value === "string" && ID.test(value)) return value;
  if (typeof value !== "string") throw new A2uiError(`${where} must be an id, not ${kindOf(value)}`);
  throw new A2uiError(`${where} ${quoted(value)} must be 1 to 128 letters, digits and . _ : -`);
}

/** Refuses keys that are not among `allowed`. */
export function onlyKeys(value: Json, allowed: readonly string[], where: string): void {
  const odd = Object.keys(value).find((key) => !allowed.includes(key));
  if (odd !== undefined) throw new A2uiError(`${where} has no ${quoted(odd)}; it takes ${allowed.join(", ")}`);
}

/** A pointer into the data: its parts, decoded. Relative ones, which templates use, are taken too. */
export function pathAt(value: unknown, where: string): readonly string[] {
  const parts = textAt(value, where)
    .split("/")
    .filter((part) => part !== "")
    .map((part) => part.replace(/~([01])/g, (_, digit) => (digit === "1" ? "/" : "~")));
  const forbidden = parts.find((part) => FORBIDDEN_NAMES.has(part));
  if (forbidden !== undefined) throw new A2uiError(`${where} must not go through ${quoted(forbidden)}`);
  if (parts.length > LIMITS.depth) throw new A2uiError(`${where} is deeper than ${LIMITS.depth} levels`);
  return parts;
}

/** Checks what holds for every value in a message: forbidden names, long texts, depth. */
export function checkValues(value: unknown, where: string, depth = 0): void {
  if (typeof value === "string") {
    // A character takes three bytes at most, so only long texts are counted.
    if (value.length * 3 > LIMITS.textBytes && bytesOf(value) > LIMITS.textBytes)
      throw new A2uiError(`${where} is a text of more than ${LIMITS.textBytes / 1024} KiB`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  // Around the data stand the message, its key and the value's own place.
  if (depth > LIMITS.depth + 3) throw new A2uiError(`${where} is nested deeper than ${LIMITS.depth} levels`);
  for (const [key, each] of Object.entries(value)) {
    if (FORBIDDEN_NAMES.has(key)) throw new A2uiError(`${where} must not have a key ${quoted(key)}`);
    checkValues(each, `${where}.${shortened(key)}`.slice(-200), depth + 1);
  }
}

export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** A word of the message in an error: quoted, and short. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text));
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
