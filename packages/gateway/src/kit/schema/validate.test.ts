import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv, type ErrorObject } from "ajv";
import fc from "fast-check";
import { type Failure, failuresOf, type Schema, validationText } from "./validate.ts";

const names = ["a", "b", "c", "x/y", "n~m", "1"];
const name = fc.constantFrom(...names);
const bound = fc.integer({ min: 0, max: 3 });
const scalar = fc.constantFrom<unknown>("a", "bb", 1, 2.5, true, null);

const { schema } = fc.letrec<{ schema: Schema }>((tie) => {
  const inner = tie("schema") as fc.Arbitrary<Schema>;
  const some = <T>(record: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(record, { requiredKeys: [] });
  const typed = <T extends object>(type: string, rest: fc.Arbitrary<T>) => rest.map((keys) => ({ type, ...keys }));
  const leaves = [
    typed("string", some({ minLength: bound, maxLength: bound, pattern: fc.constantFrom("^a", "b$", "\\d") })),
    typed("number", some({ minimum: bound, maximum: bound })),
    typed("integer", some({ minimum: bound, maximum: bound })),
    fc.constantFrom<Schema>({ type: "boolean" }, { type: "null" }, {}),
    scalar.map((value) => ({ const: value })),
    fc.constantFrom("x", "bb").map((value) => ({ type: "string", const: value })),
  ];
  const nested = [
    typed("array", some({ items: inner, minItems: bound, maxItems: bound })),
    typed(
      "object",
      some({
        properties: fc.dictionary(name, inner, { maxKeys: 3 }),
        required: fc.uniqueArray(name, { maxLength: 3 }),
        additionalProperties: fc.oneof(fc.boolean(), inner),
        patternProperties: fc.dictionary(fc.constantFrom("^a", "^[ab]$", "^(.*)$"), inner, { maxKeys: 2 }),
      }),
    ),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map((allOf) => ({ allOf })),
  ];
  return { schema: fc.oneof({ maxDepth: 3, depthIdentifier: "schema" }, ...leaves, ...nested) as fc.Arbitrary<Schema> };
});

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.constantFrom<unknown>("", "a1", "💡💡", -1, 0, 3, 1e21, false),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4 }),
  ),
})).value;

const ajv = new Ajv({ allErrors: true, strict: false });

/** What Ajv says of a value, in the protocol's words for unknown properties. */
function ajvFailures(of: Schema, given: unknown): Failure[] {
  const validate = ajv.compile(of);
  validate(given);
  ajv.removeSchema(of);
  return (validate.errors ?? []).map(toFailure);
}

function toFailure({ instancePath, keyword, params, message }: ErrorObject): Failure {
  const isUnknown = keyword === "additionalProperties";
  return {
    path: instancePath,
    message: isUnknown ? `unexpected property '${params.additionalProperty}'` : String(message),
  };
}

test("finds the failures that Ajv finds, in its order and words", () => {
  fc.assert(
    fc.property(schema, value, (of, given) => {
      assert.deepEqual(failuresOf(of, given), ajvFailures(of, given));
    }),
    { numRuns: 1_000 },
  );
});

const params: Schema = {
  type: "object",
  required: ["text"],
  additionalProperties: false,
  properties: { text: { type: "string", minLength: 1 }, tags: { type: "array", items: { type: "string" } } },
};

const texts: readonly [unknown, string | undefined][] = [
  [{ text: "hi" }, undefined],
  [{}, "must have required property 'text'"],
  ["hi", "must be object"],
  [{ text: "hi", extra: 1 }, "at root: unexpected property 'extra'"],
  [{ text: "", tags: ["a", 2] }, "at /text: must NOT have fewer than 1 characters; at /tags/1: must be string"],
  [{ text: 1, tags: "a" }, "at /text: must be string; at /tags: must be array"],
];

for (const [given, expected] of texts) {
  test(`the text for ${JSON.stringify(given)} is ${expected ?? "none"}`, () => {
    assert.equal(validationText(params, given), expected);
  });
}

test("says each failing rule once", () => {
  const eitherString: Schema = { anyOf: [{ type: "string" }, { type: "string", minLength: 2 }] };

  assert.equal(validationText(eitherString, 1), "must be string; must match a schema in anyOf");
});

test("names an unknown property of an inner object by its place", () => {
  const outer: Schema = { type: "object", properties: { inner: params } };

  assert.equal(validationText(outer, { inner: { text: "hi", more: 1 } }), "at /inner: unexpected property 'more'");
});

test("cuts names that a stranger chose to 100 characters", () => {
  const text = validationText(params, { text: "hi", ["x".repeat(500)]: 1 });

  assert.equal(text, `at root: unexpected property '${"x".repeat(100)}'`);
});

test("refuses a schema type that it does not know", () => {
  assert.throws(() => failuresOf({ type: "bigint" }, 1), /schema type bigint is not supported/);
});
