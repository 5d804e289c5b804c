import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messageOf } from "../errors.ts";
import { parseJson5 } from "./json5.ts";

const CASES: readonly [text: string, value: unknown][] = [
  ["[2337342461901537289]", ["2337342461901537289"]],
  ["{ allowFrom: [123, 9007199254740993, -1001234567890] }", { allowFrom: [123, "9007199254740993", -1001234567890] }],
  ["[9007199254740991]", [9007199254740991]],
  ["[-9007199254740993, +9007199254740993]", ["-9007199254740993", "9007199254740993"]],
  ['{ "9007199254740993": "9007199254740993" } // 9007199254740993', { "9007199254740993": "9007199254740993" }],
  [
    "/* 9007199254740993 */ [1.23456789012345678, 12345678901234567e2]",
    [Number("1.23456789012345678"), Number("12345678901234567e2")],
  ],
  ["[0x1fffffffffffff]", [9007199254740991]],
  ["{ $12345678901234567: 'it\\'s 12345678901234567' }", { $12345678901234567: "it's 12345678901234567" }],
];

for (const [text, value] of CASES)
  test(`${text} keeps its digits`, () => {
    assert.deepEqual(parseJson5(text), value);
  });

test("what is JSON and holds no long number is read as JSON reads it", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      fc.pre(!/\d{16}/.test(JSON.stringify(value)));
      assert.deepEqual(parseJson5(text), value);
    }),
  );
});

const SENTENCE = 'there is a "," where none may be at line 3, column 6';

test("a mistake is told in our words, with its line", () => {
  assert.throws(
    () => parseJson5('{\n  "a": 1234567890123456789,\n  b: ,\n}'),
    (error) => (error as { lineNumber?: number }).lineNumber === 3 && messageOf(error) === SENTENCE,
  );
});
