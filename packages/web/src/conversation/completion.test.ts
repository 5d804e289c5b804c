import assert from "node:assert/strict";
import { test } from "node:test";
import { suggestionsFor } from "./completion.ts";

const commands = [
  {
    name: "model",
    aliases: ["models"],
    usage: "[NAME]",
    summary: "Chooses",
    choices: ["fake/one", "fake/two", "other"],
  },
  { name: "new", aliases: ["reset"], usage: "", summary: "Begins anew", choices: [] },
  { name: "restart", aliases: [], usage: "", summary: "Restarts", choices: [] },
];

/** What the menu offers, and whether Enter sends what is there. */
function offered(text: string): [string[], boolean] {
  const { list, isComplete } = suggestionsFor(text, commands);
  return [list.map((each) => each.text), isComplete];
}

const cases: readonly [string, string[], boolean][] = [
  ["/", ["/model ", "/new", "/restart"], false],
  ["/re", ["/restart", "/new"], false],
  ["/reset", ["/new"], true],
  ["/NE", ["/new"], false],
  ["/new", [], true],
  ["/model", ["/model "], true],
  ["/model ", ["/model fake/one", "/model fake/two", "/model other"], true],
  ["/models FAKE/t", ["/models fake/two"], true],
  ["/model other", [], true],
  ["/nothing x", [], true],
  ["/zzz", [], false],
  ["a /new", [], true],
  ["/model \nmore", [], true],
  ["", [], true],
];

for (const [text, texts, isComplete] of cases) {
  test(`${JSON.stringify(text)} offers ${texts.length === 0 ? "nothing" : texts.join(", ")}`, () => {
    assert.deepEqual(offered(text), [texts, isComplete]);
  });
}
