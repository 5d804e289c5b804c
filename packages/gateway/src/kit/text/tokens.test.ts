import assert from "node:assert/strict";
import { test } from "node:test";
import { tokensIn } from "./tokens.ts";

for (const [text, tokens] of [
  ["", 0],
  ["abcdef", 2],
  ["Дом дом", 7 / 3],
  ["你好世界", 4],
  ["こんにちは", 5],
  ["안녕하세요", 5],
  ["你好 abc", 2 + 4 / 3],
  ["😀😀", 2],
  ["𠮷野家", 3],
] as const) {
  test(`“${text}” takes about ${tokens.toFixed(1)} tokens`, () => {
    assert.equal(tokensIn(text, 3), tokens);
  });
}
