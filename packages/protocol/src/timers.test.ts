import assert from "node:assert/strict";
import { test } from "node:test";
import { intervalMs, later } from "./timers.ts";

test("a timer of more than 2^31-1 ms is not over before a short one, and can be taken back", async () => {
  const over: string[] = [];
  const stop = later(3_000_000_000, () => over.push("long"));

  await new Promise<void>((resolve) => later(20, resolve));
  stop();

  assert.deepEqual(over, []);
});

test("a long timer is over when its time has come", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const over: string[] = [];
  later(2 ** 31 + 1_000, () => over.push("long"));

  t.mock.timers.tick(2 ** 31 - 1);
  const before = [...over];
  t.mock.timers.tick(1_001);

  assert.deepEqual([before, over], [[], ["long"]]);
});

test("an interval is as long as the platform can make it", () => {
  assert.deepEqual([intervalMs(1_000), intervalMs(3_000_000_000)], [1_000, 2 ** 31 - 1]);
});
