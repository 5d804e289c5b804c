import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cpuMsOf } from "../../../../../../../test/support/cpu-time.ts";
import { isSimplePattern } from "../../../../kit/text/pattern.ts";
import { mentions, preparePatterns } from "./mention-patterns.ts";

/** Patterns with which a backtracking engine takes seconds to years on the text beside them. */
const HOSTILE: readonly [pattern: string, text: string][] = [
  ["^(\\w+\\s?)*$", `${"a".repeat(28)}!`],
  ["^(\\w+\\s?)*$", `${"a".repeat(5_000)}!`],
  ["(a|a)*b", "a".repeat(5_000)],
  ["(a|aa)+$", `${"a".repeat(5_000)}b`],
  ["(.*)*x", "y".repeat(5_000)],
  ["(x+x+)+y", "x".repeat(5_000)],
  ["((((a*)*)*)*)*b", "a".repeat(5_000)],
  ["bot.*bot.*bot.*bot.*bot", "bo".repeat(5_000)],
  ["a{1,1000}$", `${"a".repeat(5_000)}!`],
  ["(?:a{1,30}){1,30}$", `${"a".repeat(5_000)}!`],
  ["(?:[a-z]{1,100} ?){1,9}$", `${"a".repeat(5_000)}!`],
  [`${"a?".repeat(30)}${"a".repeat(30)}`, "a".repeat(29)],
  ["\\s+$", `${" ".repeat(5_000)}x`],
];

describe("patterns of the settings", () => {
  before(() => preparePatterns(HOSTILE.map(([pattern]) => pattern)));

  for (const [pattern, text] of HOSTILE) {
    test(`${pattern.slice(0, 40)} does not hold the gateway on ${text.length} characters`, () => {
      const ms = cpuMsOf(() => assert.equal(mentions([pattern], text), false));

      assert.ok(ms < 1_000, `${ms} ms`);
    });
  }

  const CASES: readonly [pattern: string, text: string, is: boolean][] = [
    ["\\bmolty\\b", "hey Molty!", true],
    ["molt(y|bot)+", "MOLTBOT", true],
    ["^(hey|hi) \\p{L}+", "Hi Ñandú", true],
    ["(?<who>a|b)+c", "abc", true],
    ["(bot", "hey (bot", true],
    ["(?=a)b", "(?=a)b", true],
    ["(?=a)b", "ab", false],
    ["molty", "nobody", false],
  ];
  for (const [pattern, text, is] of CASES)
    test(`${pattern} ${is ? "finds" : "does not find"} ${text}`, () => assert.equal(mentions([pattern], text), is));
});

describe("many patterns that the language's engine could run do not hold the gateway together", () => {
  const ALL: readonly [what: string, pattern: (index: number) => string][] = [
    ["optional characters beside one without limit", (index) => `x${index}|a?a?a?a?a?a?[a]*b`],
    ["optional characters before a word's end", (index) => `x${index}|a?a?a?a?a?a?\\w*\\b!`],
    ["a long tail behind one without limit", (index) => `x${index}|a*${"a".repeat(400)}b`],
    ["choices", (index) => `x${index}${"(?:a|a)".repeat(25)}b|${"(?:a|a)".repeat(25)}b`],
    ["long words with optional characters", (index) => `x${index}|a?a?a?a?a?a?${"a".repeat(400)}b`],
  ];
  for (const [what, of] of ALL) {
    test(what, async () => {
      const patterns = Array.from({ length: 20 }, (_, index) => of(index));
      await preparePatterns(patterns);
      const text = "a".repeat(2_000);
      mentions(patterns, "a");

      const ms = cpuMsOf(() => assert.equal(mentions(patterns, text), false));

      assert.ok(ms < 500, `${ms} ms`);
    });
  }
});

test("only what cannot backtrack far stays on the language's engine", () => {
  for (const pattern of ["bot", "@?molty", "\\bbot\\b", "colou?r", "(?:hey|hi) bot", "hey|hi", "[*+]"])
    assert.equal(isSimplePattern(pattern), true, pattern);
  const others =
    "(a+)+ a*b* a+ [a-z]*x (a|b)* (a)\\1 (?=a)b a?a?a?a?a?a?a? x{1,9}y+ a?a* (a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)";
  for (const pattern of others.split(" ")) assert.equal(isSimplePattern(pattern), false, pattern);
});
