import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cpuMsOf } from "../../../../../test/support/cpu-time.ts";
import { normalised } from "./normal-text.ts";

test("ordinary text is normalised as the engine does it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "e\u0301", "\u00e9", "가", "\u1100\u1161", "\u0316", "क्ष", "👩‍🚀", "\n")),
      (parts) => {
        const text = parts.join("x");

        assert.equal(normalised(text, "NFC"), text.normalize("NFC"));
        assert.equal(normalised(text, "NFD"), text.normalize("NFD"));
      },
    ),
  );
});

test("a joiner stands after each thirty marks in a row, and a second time changes nothing", () => {
  const once = normalised(`a${"\u0315".repeat(61)}b`, "NFC");

  const thirty = "\u0315".repeat(30);
  assert.equal(once, `a${thirty}\u034f${thirty}\u034f\u0315b`);
  assert.equal(normalised(once, "NFC"), once);
});

describe("marks in the wrong order take no longer than other text", () => {
  const MARKS: readonly [what: string, text: string][] = [
    ["two halves", `a${"\u0315".repeat(200_000)}${"\u0316".repeat(200_000)}`],
    ["in turns", `a${"\u0315\u0316".repeat(200_000)}`],
    ["falling through all classes", `a${"\u0345\u0360\u0315\u0301\u0316\u0323\u093c\u0334".repeat(50_000)}`],
    ["beyond the first plane", `a${"\u{1d165}".repeat(100_000)}${"\u{1d17b}".repeat(100_000)}`],
    ["marks that are made of marks", `a${"\u0344".repeat(100_000)}${"\u0316".repeat(200_000)}`],
  ];
  for (const form of ["NFC", "NFD"] as const)
    for (const [what, text] of MARKS)
      test(`${what}, ${form}`, () => {
        const ms = cpuMsOf(() => normalised(text, form));

        assert.ok(ms < 2_000, `${ms} ms`);
      });
});
