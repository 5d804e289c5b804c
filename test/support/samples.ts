/** Random values that a JSON Schema accepts, for the keywords that our schemas and the fixtures use. */
import fc from "fast-check";

/** A schema to make samples of. */
export interface SampleSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SampleSchema[];
  readonly properties?: Readonly<Record<string, SampleSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SampleSchema;
  readonly patternProperties?: Readonly<Record<string, SampleSchema>>;
  readonly items?: SampleSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Longest strings and lists that are made where the schema sets no bound. */
const MOST = { characters: 40, items: 4 };

/** Values of `schema`; references are looked up in `definitions`. Throws for a keyword it does not know. */
export function samplesOf(
  schema: SampleSchema,
  definitions: Readonly<Record<string, SampleSchema>> = {},
): fc.Arbitrary<unknown> {
  const inner = (other: SampleSchema) => samplesOf(other, definitions);
  if (schema.$ref !== undefined) return inner(resolve(schema.$ref, definitions));
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(inner));
  switch (schema.type) {
    case undefined:
      return fc.jsonValue({ maxDepth: 2 }).map(throughJson);
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "string":
      return strings(schema);
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 2 ** 31 - 1 });
    case "number":
      return fc.double({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1e9, noNaN: true }).map(throughJson);
    case "array":
      return fc.array(inner(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? MOST.items, (schema.minItems ?? 0) + MOST.items),
      });
    case "object":
      return objects(schema, inner);
    default:
      throw new Error(`no samples for the type ${schema.type}`);
  }
}

/** The schema that a local reference names. */
export function resolve($ref: string, definitions: Readonly<Record<string, SampleSchema>>): SampleSchema {
  const schema = definitions[$ref.replace("#/definitions/", "")];
  if (!schema) throw new Error(`${$ref} names nothing`);
  return schema;
}

function strings({ minLength = 0, maxLength = MOST.characters }: SampleSchema): fc.Arbitrary<string> {
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + MOST.characters) });
}

function objects(schema: SampleSchema, inner: (schema: SampleSchema) => fc.Arbitrary<unknown>) {
  const { properties = {}, required = [], additionalProperties, patternProperties } = schema;
  const values = patternProperties ? Object.values(patternProperties)[0] : additionalProperties;
  const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, s]) => [name, inner(s)])), {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
  if (typeof values !== "object") return known;
  const free = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), inner(values), {
    maxKeys: MOST.items,
    noNullPrototype: true,
  });
  return fc.tuple(free, known).map(([some, others]) => ({ ...some, ...others }));
}

/** What arrives of a value: JSON has no −0. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
