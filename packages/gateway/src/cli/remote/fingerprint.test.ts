import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namesPin, readPin, showPin } from "./fingerprint.ts";

const DIGITS = "7f000001".repeat(8);

test("a pin is shown in eight groups and eight words", () => {
  const shown = showPin(`spki:${DIGITS}`);

  assert.deepEqual(shown, {
    digits: "7f00 0001 7f00 0001 7f00 0001 7f00 0001",
    words: "lusab-babad-lusab-babad-lusab-babad-lusab-babad",
  });
});

describe("what can be read as a pin", () => {
  const cases: [string, string | undefined][] = [
    [DIGITS, DIGITS],
    [`sha256:${DIGITS}`, DIGITS],
    [`SHA-256:${DIGITS.toUpperCase().match(/../g)!.join(":")}`, DIGITS],
    [`spki:${DIGITS}`, `spki:${DIGITS}`],
    [DIGITS.slice(1), undefined],
    ["", undefined],
    ["spki:", undefined],
  ];
  for (const [text, expected] of cases) {
    test(`${text.slice(0, 20)}…: ${expected?.slice(0, 10)}`, () => {
      assert.equal(readPin(text), expected);
    });
  }
});

describe("what somebody types names a pin or not", () => {
  const pin = `spki:${DIGITS}`;
  const { digits, words } = showPin(pin);
  const cases: [string, boolean][] = [
    [pin, true],
    [digits, true],
    [digits.replaceAll(" ", ""), true],
    [words, true],
    [words.replaceAll("-", " ").toUpperCase(), true],
    [DIGITS, false],
    [digits.slice(5), false],
    [words.replace("lusab", "lusad"), false],
    ["", false],
  ];
  for (const [typed, expected] of cases) {
    test(`${typed.slice(0, 30)}: ${expected}`, () => {
      assert.equal(namesPin(typed, pin), expected);
    });
  }
});
