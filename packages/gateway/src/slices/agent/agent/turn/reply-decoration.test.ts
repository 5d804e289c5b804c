import assert from "node:assert/strict";
import { test } from "node:test";
import { decorateReply } from "./reply-decoration.ts";

const usage = {
  ...{ input: 900, cacheRead: 300, cacheWrite: 34, output: 100, totalTokens: 1_334 },
  ...{ totalCost: 0.0123, missingCostEntries: 0 },
};
const plain = { reasoning: undefined, usageLevel: undefined, usage: undefined, model: "acme/one" };

const CASES: readonly [what: string, decoration: Parameters<typeof decorateReply>[1], shown: string][] = [
  ["nothing is asked for", plain, "Hi."],
  [
    "reasoning is quoted above",
    { ...plain, reasoning: "They greet.\n\nI greet." },
    "> They greet.\n>\n> I greet.\n\nHi.",
  ],
  ["tokens below", { ...plain, usageLevel: "tokens", usage }, "Hi.\n\n_1.2k in, 100 out_"],
  [
    "everything below",
    { ...plain, usageLevel: "full", usage },
    "Hi.\n\n_1.2k in (300 cached), 100 out · $0.0123 · acme/one_",
  ],
  [
    "a price that nobody knows",
    { ...plain, usageLevel: "full", usage: { ...usage, cacheRead: 0, missingCostEntries: 1 } },
    "Hi.\n\n_934 in, 100 out · price unknown · acme/one_",
  ],
];

for (const [what, decoration, shown] of CASES) {
  test(`a reply as people get it: ${what}`, () => {
    assert.equal(decorateReply("Hi.", decoration), shown);
  });
}

test("nothing is put beside a word that says that there is nothing to tell", () => {
  const full = { ...plain, reasoning: "Hm.", usageLevel: "tokens", usage };

  assert.deepEqual(
    ["", "NO_REPLY", " HEARTBEAT_OK "].map((text) => decorateReply(text, full)),
    ["", "NO_REPLY", " HEARTBEAT_OK "],
  );
});
