import assert from "node:assert/strict";
import { test } from "node:test";
import { differs, fieldsOf, matching, patchOf, readInput, valueText } from "./fields.ts";

const schema = {
  type: "object",
  properties: {
    gateway: {
      type: "object",
      properties: {
        port: { type: "integer", default: 18789, minimum: 1, maximum: 65535, description: "Where it listens." },
        url: { type: "string", description: "The address, for tests." },
        auth: { type: "object", properties: { token: { type: "string", format: "secret" } } },
      },
    },
    channels: {
      type: "object",
      patternProperties: { ".*": { type: "object", properties: { enabled: { type: "boolean", default: true } } } },
    },
  },
};
const source = {
  schema,
  config: { gateway: { port: 1, auth: { token: "__REDACTED:gateway.auth.token__" } } },
  parsed: { gateway: { port: 1 }, channels: { "a.b": { enabled: false } } },
  comments: { "gateway.port": "my own" },
};

test("every setting is a field, of maps those that are set, and what only tests change is none", () => {
  const fields = fieldsOf(source);

  assert.deepEqual(
    fields.map(({ path, kind, value, inFile, comment }) => [path, kind.kind, valueText(value, kind), inFile, comment]),
    [
      ["gateway.port", "number", "1", 1, "my own"],
      ["gateway.auth.token", "secret", "set, hidden", undefined, undefined],
      ["channels.a.b.enabled", "switch", "on", false, undefined],
    ],
  );
  assert.deepEqual(
    fields.filter(differs).map(({ path }) => path),
    ["gateway.port", "channels.a.b.enabled"],
  );
});

test("a search finds by name, help and comment", () => {
  const found = (words: string) => matching(fieldsOf(source), words).map(({ path }) => path);

  assert.deepEqual(
    [found("LISTENS port"), found("my own"), found("nothing")],
    [["gateway.port"], ["gateway.port"], []],
  );
});

test("changes become one patch, in which nothing set is a removal and dots in names stay", () => {
  const changes = new Map([
    ["gateway.port", { keys: ["gateway", "port"], value: undefined }],
    ["channels.a.b.enabled", { keys: ["channels", "a.b", "enabled"], value: true }],
  ]);

  const patch = JSON.parse(JSON.stringify(patchOf(changes)));
  assert.deepEqual(patch, { gateway: { port: null }, channels: { "a.b": { enabled: true } } });
});

test("what cannot be a value is refused with what to write", () => {
  const port = { kind: "number", isWhole: true, min: 1, max: 9 } as const;

  assert.throws(() => readInput("10", port), { message: "Write a whole number from 1 to 9." });
  assert.throws(() => readInput("{", { kind: "json" }), /not JSON/);
  assert.deepEqual(
    [readInput(" ", port), readInput("7", port), readInput("a\n\n b", { kind: "list" })],
    [undefined, 7, ["a", "b"]],
  );
});

test("an entry that somebody calls __proto__ is an entry, and changes no other object", () => {
  const keys = ["channels", "__proto__", "enabled"];

  const patch = JSON.stringify(patchOf(new Map([["x", { keys, value: true }]])));

  assert.equal(patch, '{"channels":{"__proto__":{"enabled":true}}}');
  assert.equal("enabled" in {}, false);
});
