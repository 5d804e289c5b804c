/**
 * TypeBox's builder for the kinds of schema that our definitions use, without the rest of TypeBox. The published gateway is built
 * with it, since TypeBox takes a tenth of loading the gateway; the sources use TypeBox itself. The schemas are equal: keys, their order and
 * TypeBox's symbols.
 */
import type { TSchema, Type as TypeBox } from "@sinclair/typebox";

/** Under this key a schema says its kind (TypeBox: `type/symbols`). */
export const Kind = Symbol.for("TypeBox.Kind");
/** Marks a property that may be missing (TypeBox: `type/symbols`). */
const OptionalKind = Symbol.for("TypeBox.Optional");
/** The pattern of any property's name (TypeBox: `PatternStringExact`). */
const ANY_NAME = "^(.*)$";

type Options = Readonly<Record<PropertyKey, unknown>>;
type Properties = Readonly<Record<string, TSchema>>;
type Keyed = Readonly<{ [Kind]?: unknown; pattern?: string }>;

const plain = (kind: string, type: string) => (options?: Options) => ({ ...options, [Kind]: kind, type });

/** The functions of TypeBox's `Type` that definitions use. Another one is added here when a definition needs it. */
export const Type = {
  Boolean: plain("Boolean", "boolean"),
  Integer: plain("Integer", "integer"),
  Null: plain("Null", "null"),
  Number: plain("Number", "number"),
  String: plain("String", "string"),
  Unknown: (options?: Options) => ({ ...options, [Kind]: "Unknown" }),
  Unsafe: (options: Options = {}) => ({ ...options, [Kind]: options[Kind] ?? "Unsafe" }),
  Literal: (value: unknown, options?: Options) => ({ ...options, [Kind]: "Literal", const: value, type: typeof value }),
  Optional: (schema: Options) => ({ ...schema, [OptionalKind]: "Optional" }),
  Array: (items: TSchema, options?: Options) => ({ ...options, [Kind]: "Array", type: "array", items }),
  Object: objectOf,
  Record: recordOf,
  Union(schemas: readonly TSchema[], options?: Options) {
    return schemas.length === 1 ? { ...options, ...schemas[0] } : { ...options, [Kind]: "Union", anyOf: schemas };
  },
  Intersect: intersectionOf,
  Partial: partialOf,
} as unknown as Pick<
  typeof TypeBox,
  | "Array"
  | "Boolean"
  | "Integer"
  | "Intersect"
  | "Literal"
  | "Null"
  | "Number"
  | "Object"
  | "Optional"
  | "Partial"
  | "Record"
  | "String"
  | "Union"
  | "Unknown"
  | "Unsafe"
>;

function objectOf(properties: Properties, options?: Options) {
  const required = Object.keys(properties).filter((name) => !(OptionalKind in properties[name]!));
  return { ...options, [Kind]: "Object", type: "object", ...(required.length > 0 && { required }), properties };
}

/** An object whose properties may all be missing. */
function partialOf({ required: _required, properties, ...options }: Options & { readonly properties: Properties }) {
  const optional = Object.entries(properties).map(([name, schema]) => [
    name,
    { ...schema, [OptionalKind]: "Optional" },
  ]);
  return objectOf(Object.fromEntries(optional) as Properties, options);
}

/** A record whose keys are texts. */
function recordOf(key: Keyed, value: TSchema, options?: Options) {
  if (key[Kind] !== "String") throw new TypeError("a record has texts as keys; add other keys to plain-type.ts");
  return { ...options, [Kind]: "Record", type: "object", patternProperties: { [key.pattern ?? ANY_NAME]: value } };
}

/** At least two schemas, which hold together. */
function intersectionOf(schemas: readonly Keyed[], options?: Options) {
  const areObjects = schemas.every((schema) => schema[Kind] === "Object");
  return { ...options, [Kind]: "Intersect", ...(areObjects && { type: "object" }), allOf: schemas };
}
