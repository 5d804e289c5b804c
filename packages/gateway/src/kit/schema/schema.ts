/** The small vocabulary of schemas that definitions share. */
import { type TLiteral, type TSchema, type TUnion, Type } from "@sinclair/typebox";

/** A string of at least one character. */
export const NonEmpty = Type.String({ minLength: 1 });

/** An identifier chosen by a client: bounded, so that tables of them are bounded too. */
export const Id = Type.String({ minLength: 1, maxLength: 256 });

/** The largest number that arithmetic keeps exact; no number that comes over the wire is larger. */
export const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/** Epoch milliseconds; the largest is the end of the calendar (ECMAScript: time values). */
export const Millis = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });

/** A duration in milliseconds, at most a hundred years. */
export const DurationMs = Type.Integer({ minimum: 0, maximum: 100 * 365 * 24 * 3_600_000 });

/** A parameter that some clients send and that changes nothing here. */
export const Ignored = Type.Optional(Type.Unknown({ description: "Accepted; changes nothing here." }));

/** A session key as a client spells it (protocol: session keys). */
export const SessionKey = Type.String({ minLength: 1, maxLength: 512 });

/** A file or folder on the gateway's machine; no name there holds NUL. */
export const HostPath = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[^\\u0000]*$" });

/** The key under which a retry finds the first call. */
export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: 256,
  description: "A retry with the same key gets the first call's answer.",
});

/** A key or a token: never printed, logged or sent in clear; one word of printable ASCII. */
export const Secret = Type.String({ format: "secret" });

/** A password, or a header's value: as secret, but it may hold blanks; one line. */
export const SecretLine = Type.String({ format: "secret-line" });

/** A value of an environment: as secret, and of any form. */
export const SecretText = Type.String({ format: "secret-text" });

/** Where a service is: http or https, without a name or a password. */
export const Address = Type.String({ minLength: 1, format: "uri" });

/** One of a fixed set of strings. */
export function OneOf<const Values extends readonly string[]>(
  ...values: Values
): TUnion<{ -readonly [I in keyof Values]: TLiteral<Values[I] & string> }> {
  return Type.Union(values.map((value) => Type.Literal(value))) as never;
}

/** The schema's value or null, where the wire says null. */
export function Nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** An object without unknown properties. */
export function Closed<Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: { description?: string } = {},
) {
  return Type.Object(properties, { ...options, additionalProperties: false });
}
