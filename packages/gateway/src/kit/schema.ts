/** The small vocabulary of schemas that definitions share. */
import { type TLiteral, type TSchema, type TUnion, Type } from "@sinclair/typebox";

/** A string of at least one character. */
export const NonEmpty = Type.String({ minLength: 1 });

/** An identifier chosen by a client: bounded, so that tables of them are bounded too. */
export const Id = Type.String({ minLength: 1, maxLength: 256 });

/** Epoch milliseconds. */
export const Millis = Type.Integer({ minimum: 0 });

/** A duration in milliseconds. */
export const DurationMs = Type.Integer({ minimum: 0 });

/** A session key as a client spells it (protocol: session keys). */
export const SessionKey = Type.String({ minLength: 1, maxLength: 512 });

/** The key under which a retry finds the first call. */
export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: 256,
  description: "A retry with the same key gets the first call's answer.",
});

/** A string that is never printed, logged or sent in clear. */
export const Secret = Type.String({ format: "secret" });

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
