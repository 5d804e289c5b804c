import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutUtf8 } from "../base/text/cut-utf8.ts";

const CASES: readonly [text: string, maxBytes: number, expected: string][] = [
  ["", 3, ""],
  ["abc", 3, "abc"],
  ["abcd", 3, "abc"],
  ["aéb", 2, "a"],
  ["aéb", 3, "aé"],
  ["😀😀", 7, "😀"],
  ["😀", 3, ""],
];
for (const [text, maxBytes, expected] of CASES)
  test(`${JSON.stringify(text)} cut to ${maxBytes} bytes is ${JSON.stringify(expected)}`, () =>
    assert.equal(cutUtf8(text, maxBytes), expected));

test("a cut text is a prefix, fits, and loses no more than one character that would have fitted", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, maxBytes) => {
      const cut = cutUtf8(text, maxBytes);
      assert.ok(text.startsWith(cut));
      assert.ok(Buffer.byteLength(cut) <= maxBytes);
      assert.ok(cut === text || Buffer.byteLength(cut) > maxBytes - 4);
    }),
  );
});
