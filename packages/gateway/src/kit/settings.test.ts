import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Type } from "@sinclair/typebox";
import { SETTINGS } from "../catalog.ts";
import { settings as gatewaySettings } from "../server/settings.ts";
import { OneOf } from "./schema/schema.ts";
import { defineSettings } from "./settings.ts";

const garden = defineSettings({
  path: "garden",
  summary: "For tests.",
  reload: "live",
  schema: Type.Object({
    beds: Type.Integer({ minimum: 1, default: 2 }),
    style: Type.Optional(OneOf("wild", "tidy")),
    tools: Type.Array(Type.String(), { default: ["spade"] }),
    pond: Type.Object({ fish: Type.Integer({ default: 0 }), depth: Type.Optional(Type.Number()) }),
    shed: Type.Optional(Type.Object({ door: Type.Boolean({ default: true }) })),
    plants: Type.Optional(Type.Record(Type.String(), Type.Object({ water: Type.Boolean() }))),
    paths: Type.Optional(Type.Array(Type.Object({ to: Type.String() }))),
  }),
});

const defaults = { beds: 2, tools: ["spade"], pond: { fish: 0 } };

describe("a section of the config file", () => {
  test("that is absent or null has its defaults", () => {
    assert.deepEqual(garden.parse(undefined), { value: defaults, issues: [], warnings: [] });
    assert.deepEqual(garden.parse(null), { value: defaults, issues: [], warnings: [] });
  });

  test("keeps what it says and fills in the rest, optional objects only when they are begun", () => {
    const { value } = garden.parse({ beds: 5, pond: { depth: 1.5 }, shed: {} });

    assert.deepEqual(value, { ...defaults, beds: 5, pond: { fish: 0, depth: 1.5 }, shed: { door: true } });
  });

  test("never shares its defaults: changing one reading leaves the next alone", () => {
    const first = garden.parse({}).value;
    first.tools.push("rake");

    assert.deepEqual(garden.parse({}).value.tools, ["spade"]);
  });

  test("leaves the value that it was given as it was", () => {
    const given = { pond: {} };

    garden.parse(given);

    assert.deepEqual(given, { pond: {} });
  });

  test("names what is wrong by its place in the file", () => {
    const { issues } = garden.parse({ beds: 0, tools: ["a", 1], plants: { fern: { water: "daily" } } });

    assert.deepEqual(issues, [
      { path: "garden.beds", message: "must be >= 1" },
      { path: "garden.tools.1", message: "must be string" },
      { path: "garden.plants.fern.water", message: "must be boolean" },
    ]);
  });

  test("that is no object is wrong as a whole", () => {
    assert.deepEqual(garden.parse("lawn").issues, [{ path: "garden", message: "must be object" }]);
  });

  test("warns of unknown keys, however deep, and is valid all the same", () => {
    const ignored = "is not a known setting and is ignored";

    const { issues, warnings } = garden.parse({
      bed: 1,
      pond: { frogs: 2 },
      plants: { fern: { water: true, sun: false } },
      paths: [{ to: "gate", from: "door" }],
    });

    assert.deepEqual(issues, []);
    assert.deepEqual(
      warnings.toSorted((a, b) => a.path.localeCompare(b.path)),
      ["garden.bed", "garden.paths.0.from", "garden.plants.fern.sun", "garden.pond.frogs"].map((path) => ({
        path,
        message: ignored,
      })),
    );
  });
});

describe("the gateway's sections", () => {
  for (const section of SETTINGS) {
    test(`${section.path} is valid when the file says nothing of it`, () => {
      const { issues, warnings } = section.parse(undefined);

      assert.deepEqual({ issues, warnings }, { issues: [], warnings: [] });
    });
  }
});

test("the defaults of every section are valid: a section that a file does not name is not checked again", () => {
  const wrong = [...SETTINGS, gatewaySettings].flatMap((section) => {
    const { value } = section.parse(undefined);
    return section.parse(value).issues.map(({ path, message }) => `${path} ${message}`);
  });

  assert.deepEqual(wrong, []);
});
