import assert from "node:assert/strict";
import { test } from "node:test";
import { hideSecrets, nest, parsePath, valueAt } from "./config-path.ts";

test("paths are dotted, with brackets for keys that hold dots", () => {
  const paths = ["gateway", "gateway.auth.token", 'models.providers["my.host"].apiKey', "a['b c']"].map(parsePath);

  assert.deepEqual(paths, [
    ["gateway"],
    ["gateway", "auth", "token"],
    ["models", "providers", "my.host", "apiKey"],
    ["a", "b c"],
  ]);
});

for (const path of ["", ".", "a..b", "a.", ".a", "a b]", "__proto__.x", "a.constructor"]) {
  test(`${JSON.stringify(path)} is refused as a path`, () => {
    assert.throws(() => parsePath(path), /is not the path of a setting/);
  });
}

test("an item of a list is refused with what to do instead", () => {
  assert.throws(() => parsePath("agents.list[0].id"), /set the whole list instead/);
});

test("nesting and reading are each other's reverse", () => {
  const keys = ["a", "b", "c"];

  const value = valueAt(nest(keys, 5), keys);

  assert.equal(value, 5);
});

test("reading does not find inherited names", () => {
  assert.equal(valueAt({}, ["toString"]), undefined);
});

test("secrets are hidden by their names, at any depth", () => {
  const config = { auth: { mode: "token", token: "s3cret" }, providers: [{ apiKey: "k" }], tokenCount: 5 };

  const shown = hideSecrets(config);

  assert.deepEqual(shown, {
    auth: { mode: "token", token: "(hidden)" },
    providers: [{ apiKey: "(hidden)" }],
    tokenCount: 5,
  });
});
