import assert from "node:assert/strict";
import { test } from "node:test";
import { best, pathsOf } from "./targets.ts";

test("names that begin with what was typed come first, and every word must fit", () => {
  const labels = ["An old overview", "Overview", "models.overview", "Broken bicycle", "undiscovered"].map((label) => ({
    label,
  }));
  const found = (typed: string) => best(labels, typed).map(({ label }) => label);

  assert.deepEqual(found("over"), ["Overview", "An old overview", "models.overview", "undiscovered"]);
  assert.deepEqual(found("old an"), ["An old overview"]);
  assert.deepEqual(found("zebra"), []);
});

test("settings are found by their paths", () => {
  const schema = { properties: { tools: { properties: { deny: {}, exec: { properties: { host: {} } } } } } };

  assert.deepEqual(pathsOf(schema), ["tools", "tools.deny", "tools.exec", "tools.exec.host"]);
});
