import assert from "node:assert/strict";
import { test } from "node:test";
import { smallTalk } from "./small-talk.ts";

const ANSWERS: readonly (readonly [message: string, answer: string | undefined])[] = [
  ["hello", "Hello! What can I do for you?"],
  ["Good morning!", "Hello! What can I do for you?"],
  ["thanks a lot", "You are welcome."],
  ["what is 17*23", "17 × 23 = 391"],
  ["What's 2 + 3 × 4?", "2 + 3 × 4 = 14"],
  ["(1.5 + 2.5) / -2 =", "(1.5 + 2.5) ÷ -2 = -2"],
  ["0.1 plus 0.2", "0.1 + 0.2 = 0.3"],
  ["10 / 0", "10 ÷ 0: that cannot be divided."],
  ["10 divided by 4", "10 ÷ 4 = 2.5"],
  ["what is 17", undefined],
  ["2 +", undefined],
  ["(2 + 3", undefined],
  ["2024-11-30", undefined],
  ["Hello, please remind me tomorrow at nine to call my sister", undefined],
  ["what is love", undefined],
  ["process.exit()", undefined],
];

for (const [message, answer] of ANSWERS) {
  test(`the built-in agent says to “${message}”: ${answer ?? "what it is"}`, () => {
    assert.equal(smallTalk(message), answer);
  });
}

test("a long row of parentheses is no trouble", () => {
  assert.equal(smallTalk(`${"(".repeat(100)}1+1`), undefined);
});
