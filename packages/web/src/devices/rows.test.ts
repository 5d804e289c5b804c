import assert from "node:assert/strict";
import { test } from "node:test";
import { abilitiesText, rightsText } from "./rows.ts";

test("rights are said in plain words, with what is not allowed", () => {
  const cases: [string[], string][] = [
    [["operator.admin"], "May do everything, settings included."],
    [["operator.read"], "May read; cannot write, approve commands, let devices in or change settings."],
    [
      ["operator.write", "operator.pairing"],
      "May read and write and let devices in; cannot approve commands or change settings.",
    ],
    [[], "May do nothing as an operator."],
  ];

  for (const [scopes, expected] of cases) assert.equal(rightsText(scopes), expected);
});

test("what a node can be asked for is named once, and a command of no known area as it is", () => {
  assert.equal(
    abilitiesText(["camera.snap", "camera.clip", "garden.water"]),
    "can be asked for pictures and garden.water",
  );
  assert.equal(abilitiesText([]), "offers nothing yet");
});
