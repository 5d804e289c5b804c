import assert from "node:assert/strict";
import { test } from "node:test";
import type { BudgetState, UsageTotals } from "@moltbot/protocol";
import { budgetText, tokensText, totalsText } from "./usage.ts";

for (const [count, shown] of [
  [0, "0"],
  [999, "999"],
  [1_000, "1k"],
  [12_345, "12.3k"],
  [123_456, "123k"],
  [999_499, "999k"],
  [999_500, "1M"],
  [1_250_000, "1.3M"],
] as const)
  test(`${count} tokens are shown as ${shown}`, () => assert.equal(tokensText(count), shown));

test("what models took has its cost where it is known, with digits as it needs", () => {
  const text = (totalTokens: number, totalCost: number) => totalsText({ totalTokens, totalCost } as UsageTotals);

  assert.deepEqual(
    [text(950, 0), text(12_300, 0.0421), text(12_300, 0.5), text(12_300, 3)],
    ["950 tokens", "12.3k tokens · $0.0421", "12.3k tokens · $0.50", "12.3k tokens · $3"],
  );
});

test("a budget says what is used of what, in its own unit", () => {
  const budget = (unit: "usd" | "tokens", used: number, limit: number) =>
    budgetText({ unit, used, limit } as BudgetState);

  assert.deepEqual(
    [budget("usd", 0.12, 1), budget("tokens", 12_300, 100_000)],
    ["$0.12 of $1", "12.3k of 100k tokens"],
  );
});
