import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf, csvOf, topOf } from "./figures.ts";

const row = (name: string, totalTokens: number) => ({
  ...{ name, totalTokens, input: totalTokens, output: 0, cacheRead: 0, cacheWrite: 0, totalCost: 0.5 },
  ...{ missingCostEntries: 0, calls: 1, estimatedCalls: 0 },
});

test("every day has a bar, in order", () => {
  const rows = [row("2026-03-01", 5), row("2026-02-27", 3)];

  assert.deepEqual(barsOf(rows, { today: "2026-03-01", days: 3, unit: "tokens" }), [
    { day: "2026-02-27", value: 3 },
    { day: "2026-02-28", value: 0 },
    { day: "2026-03-01", value: 5 },
  ]);
});

test("the top of the chart is a round figure that holds all", () => {
  assert.deepEqual([topOf([]), topOf([7]), topOf([11]), topOf([0.03])], [1, 10, 20, 0.05]);
});

test("a name with commas, quotes or a formula stays one cell of text", () => {
  assert.match(csvOf([row('=1+1,"x"', 1)]), /\r\n"'=1\+1,""x""",1,1,0,0,0,1,0\.5,0$/);
});
