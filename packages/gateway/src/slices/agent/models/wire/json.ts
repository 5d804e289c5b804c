/** What tidiers share: their interface, and helpers for unknown JSON. */

/** An object whose members are not known. */
export type Json = Record<string, unknown>;

/** Reads the events of one answer. */
export interface StreamNormalizer {
  /** The provider has said how the answer ended. */
  readonly isClosed: boolean;
  /** Whether a part of the answer has come. */
  readonly hasContent: boolean;
  /** An event as the SDK knows it: none when there is nothing in it, or several. */
  read(event: Json): readonly Json[];
  /** Events that must come before a piece of text that needs no tidying. */
  before(event: Json): readonly Json[];
  /** Events that end a complete answer without an end event. */
  close(): readonly Json[];
  /** The events of an answer that came in one piece; undefined when the body is no answer. */
  whole(body: unknown): readonly Json[] | undefined;
}

/** The object that a value is, or undefined. */
export function objectIn(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** The objects in a list, or the one object that replaces a list. */
export function objectsIn(value: unknown): Json[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((each): Json[] => {
    const object = objectIn(each);
    return object ? [object] : [];
  });
}

/** A text, also where a number is in its place; undefined for anything else. */
export function textIn(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

/** A number, also where a text with one is in its place. */
export function numberIn(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Arguments of a call as the text that they are in: JSON. */
export function argumentsIn(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Leaves out the fields that are undefined. */
export function known(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** Counts as numbers, as deep as they stand; what is no count is left out. */
export function countsIn(value: unknown): Json | undefined {
  const object = objectIn(value);
  if (!object) return undefined;
  return known(
    Object.fromEntries(
      Object.entries(object).map(([name, each]) => [name, objectIn(each) ? countsIn(each) : numberIn(each)]),
    ),
  );
}
