import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { invalidRequest } from "../../../base/errors.ts";
import { refuseUnknownModels } from "./model-names.ts";

/** Knows the models of one provider. */
function refOf(name: string): string {
  if (name.startsWith("here/")) return name;
  throw invalidRequest("No such provider.");
}

const REFUSED: readonly [what: string, config: unknown, path: string][] = [
  ["the model that answers", { agents: { defaults: { model: "gone/x" } } }, "agents.defaults.model"],
  [
    "a fallback",
    { agents: { defaults: { model: { primary: "here/a", fallbacks: ["here/b", "gone/x"] } } } },
    "agents.defaults.model.fallbacks.1",
  ],
  ["the model for pictures", { agents: { defaults: { imageModel: "gone/x" } } }, "agents.defaults.imageModel"],
  ["the model of one agent", { agents: { list: [{ id: "a", model: "gone/x" }] } }, "agents.list.0.model"],
  ["a short name", { models: { aliases: { fast: "gone/x" } } }, "models.aliases.fast"],
];

describe("models that cannot be asked", () => {
  for (const [what, after, path] of REFUSED)
    test(`${what} is refused`, () => {
      assert.throws(() => refuseUnknownModels({ before: {}, after }, refOf), {
        message: `${path} cannot be "gone/x": No such provider. Nothing was changed.`,
      });
    });
});

const TAKEN: readonly [what: string, before: unknown, after: unknown][] = [
  ["one that is known", {}, { agents: { defaults: { model: "here/x" } } }],
  [
    "one that stood there before",
    { models: { aliases: { a: "gone/x" } } },
    { agents: { defaults: { model: "gone/x" } } },
  ],
  [
    "one whose provider comes with it",
    {},
    { agents: { defaults: { model: "new/x" } }, models: { providers: { new: { baseUrl: "http://127.0.0.1:1" } } } },
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable as config files name it
  ["a variable", {}, { agents: { defaults: { model: "${MODEL}" } } }],
  ["something that is no text", {}, { agents: { defaults: { model: 5 }, list: "none" } }],
];

describe("models that are taken", () => {
  for (const [what, before, after] of TAKEN)
    test(what, () => {
      assert.doesNotThrow(() => refuseUnknownModels({ before, after }, refOf));
    });
});
