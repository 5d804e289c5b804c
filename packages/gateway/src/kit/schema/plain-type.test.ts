import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { Type as TypeBox } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Type } from "./plain-type.ts";

/** Modules whose address ends so are read a second time, with the plain builder in place of TypeBox. */
const PLAIN = "?plain";

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (!context.parentURL?.endsWith(PLAIN)) return found;
    if (specifier === "@sinclair/typebox")
      return { ...found, ...next("./plain-type.ts", { ...context, parentURL: import.meta.url }) };
    return found.url.startsWith("file:") && found.url.endsWith(".ts") ? { ...found, url: found.url + PLAIN } : found;
  },
});

/** A value as text: all keys in their order, symbols too; a function is only named. */
function spelled(value: unknown): unknown {
  if (typeof value === "function") return "function";
  if (value instanceof Map) return [...value].map(spelled);
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== "object" || value === null) return value;
  return Reflect.ownKeys(value).map((key) => [String(key), spelled(Reflect.get(value, key))]);
}

test("the catalog has the same definitions with the plain builder as with TypeBox", async () => {
  const { SLICES, CHANNELS_SECTION, METHODS } = await catalog("");
  const plain = await catalog(PLAIN);

  const expected = spelled(SLICES.map(definitionsOf));
  assert.notEqual(plain.METHODS, METHODS);
  assert.ok(JSON.stringify(expected).includes("Symbol(TypeBox.Kind)"));
  assert.deepEqual(spelled(plain.SLICES.map(definitionsOf)), expected);
  assert.deepEqual(spelled([...plain.METHODS]), spelled([...METHODS]));
  assert.deepEqual(spelled(plain.CHANNELS_SECTION), spelled(CHANNELS_SECTION));
});

/** The catalog with one of the builders: TypeBox, or the plain one. */
async function catalog(query: string) {
  const [slices, definitions] = ["../../catalog.ts", "../../definitions.ts"];
  return { ...(await import(`${slices}${query}`)), ...(await import(`${definitions}${query}`)) };
}

function definitionsOf({ methods, events, settings, tools, commands }: Record<string, unknown>): unknown[] {
  return [methods, events, settings, made(tools), made(commands)];
}

/** Tools and commands are made when they are asked for. */
function made(definitions: unknown): unknown {
  return typeof definitions === "function" ? definitions() : definitions;
}

/** Each function of the builder, with what its arguments can change. */
const SCHEMAS = (type: typeof Type) => [
  type.Boolean({ default: true }),
  type.Integer({ minimum: 1 }),
  type.Null(),
  type.Number(),
  type.String({ description: "A name.", pattern: "^a" }),
  type.Unknown({ description: "Anything." }),
  type.Unsafe<"a">({ type: "string", enum: ["a"] }),
  type.Literal("a", { description: "Only this." }),
  type.Literal(1),
  type.Optional(type.String()),
  type.Array(type.String(), { maxItems: 3 }),
  type.Object({}),
  type.Object({ a: type.String(), b: type.Optional(type.Null()) }, { additionalProperties: false }),
  type.Record(type.String({ maxLength: 4 }), type.Number(), { description: "By name." }),
  type.Record(type.String({ pattern: "^x" }), type.Number()),
  type.Union([type.String()], { description: "One." }),
  type.Union([type.String(), type.Null()]),
  type.Intersect([type.Object({ a: type.String() }), type.Object({ b: type.Null() })]),
  type.Intersect([type.Object({ a: type.String() }), type.Union([type.Null(), type.String()])]),
];

test("each kind of schema is the one that TypeBox makes", () => {
  assert.deepEqual(spelled(SCHEMAS(Type)), spelled(SCHEMAS(TypeBox)));
});

test("TypeBox checks values against a plain schema", () => {
  const schema = Type.Object({ path: Type.String({ pattern: "^/" }), kind: Type.Optional(Type.Literal("image")) });

  assert.equal(Value.Check(schema, { path: "/a", kind: "image" }), true);
  assert.equal(Value.Check(schema, { path: "a" }), false);
});

test("a record with keys that are not texts is refused when it is made", () => {
  assert.throws(() => Type.Record(Type.Integer(), Type.Null()), /a record has texts as keys/);
});
