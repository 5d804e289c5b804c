// Validation texts (protocol section 1): those of Ajv with all errors, for every method and for connect.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv, type ErrorObject } from "ajv";
import fc from "fast-check";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { ConnectParams3, ConnectParams4, RequestFrame3 } from "../../packages/gateway/src/kit/schema/frames.ts";
import { type Schema, validationText } from "../../packages/gateway/src/kit/schema/validate.ts";

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

/** Of more problems than these, the first are told. */
const MOST_TOLD = 50;

/** The text as the reference builds it from Ajv's errors. */
function ajvText(schema: object, value: unknown): string | undefined {
  if (ajv.validate(schema, value)) return undefined;
  const lines = [...new Set((ajv.errors ?? []).map(lineOf))];
  return lines.length <= MOST_TOLD ? lines.join("; ") : `${lines.slice(0, MOST_TOLD).join("; ")}; and more`;
}

function lineOf({ keyword, instancePath, params, message }: ErrorObject): string {
  if (keyword === "additionalProperties") {
    return `at ${instancePath || "root"}: unexpected property '${params.additionalProperty}'`;
  }
  return instancePath ? `at ${instancePath}: ${message}` : `${message}`;
}

const SCHEMAS: readonly (readonly [name: string, schema: object])[] = [
  ["connect of protocol 3", ConnectParams3],
  ["connect of protocol 4", ConnectParams4],
  ["a request frame", RequestFrame3],
  ...[...METHODS.values()].map(({ name, params }) => [name, params] as const),
];

/** Values that are right here and there: known keys with values of every type, nested where the schema is. */
function valueFor(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const anything = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 3, "", "x", "operator", "cli", "é".repeat(300), [], {}),
    fc.jsonValue({ maxDepth: 1 }),
  );
  if (depth > 3) return anything;
  const inner: fc.Arbitrary<unknown>[] = [];
  if (schema.properties) {
    const known = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, valueFor(property, depth + 1)]),
    );
    const unknown = fc.dictionary(fc.constantFrom("extra", "a/b", "c~d", "é"), fc.nat(3), { maxKeys: 2 });
    inner.push(
      fc.tuple(fc.record(known, { requiredKeys: [] }), unknown).map(([object, others]) => ({ ...object, ...others })),
    );
  }
  if (schema.items) inner.push(fc.array(valueFor(schema.items, depth + 1), { maxLength: 3 }));
  for (const branch of schema.anyOf ?? []) inner.push(valueFor(branch, depth + 1));
  return inner.length === 0 ? anything : fc.oneof({ weight: 4, arbitrary: fc.oneof(...inner) }, anything);
}

for (const [name, schema] of SCHEMAS) {
  test(`what is wrong with ${name} is said in Ajv's words`, () => {
    fc.assert(
      fc.property(valueFor(schema as Schema), (value) => {
        assert.equal(validationText(schema as Schema, value), ajvText(schema, value));
      }),
      { numRuns: 60 },
    );
  });
}
