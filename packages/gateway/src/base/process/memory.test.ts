import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { createLog } from "../log.ts";
import { Secrets } from "../privacy/secrets.ts";
import { limitMemory } from "./memory.ts";

const MB = 1024 * 1024;
/**
 * Blocks small enough that the C library keeps each one, and large enough that whole pages become free between those
 * that stay.
 */
const BLOCK_BYTES = 40_000;

function keeping(clock: FakeClock): Disposable {
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  return limitMemory({ clock, log });
}

/** Makes objects that live for a while, as many simultaneous answers do. */
async function work(): Promise<void> {
  let alive: object[] = [];
  for (let round = 0; round < 300; round++) {
    for (let made = 0; made < 10_000; made++) alive.push({ made, of: [round] });
    if (alive.length > 150_000) alive = [];
    await sleep(1);
  }
}

/** Whether the C library is glibc: only glibc names its version there. */
function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")!.space_size;
}

test("what the C library has kept of freed memory is given back once the process is quiet", async (context) => {
  if (!hasGlibc()) return context.skip("this system's C library cannot be asked to give back what is freed");
  const clock = new FakeClock();
  using _memory = keeping(clock);
  const before = process.memoryUsage.rss();
  let blocks = Array.from({ length: 6_000 }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES).fill(1));
  const peak = process.memoryUsage.rss();

  // Keep one of fifty, so that the freed blocks lie between them and not at the end of the heap.
  blocks = blocks.filter((_, index) => index % 50 === 0);
  const wanted = peak - 0.75 * (peak - before);
  for (let waited = 0; process.memoryUsage.rss() > wanted && waited < 200; waited++) {
    await sleep(50);
    clock.advance(10_000);
  }

  assert.ok(peak - before > 150 * MB, `the blocks took ${(peak - before) / MB} MB`);
  assert.ok(process.memoryUsage.rss() <= wanted, `${process.memoryUsage.rss() / MB} of ${peak / MB} MB are left`);
  assert.equal(blocks.length, 120);
});

test("what a start leaves is collected once the process is quiet, however little it is", async () => {
  const clock = new FakeClock();
  using _memory = keeping(clock);
  const left = new WeakRef({ some: "garbage" });

  for (let waited = 0; left.deref() !== undefined && waited < 200; waited++) {
    await sleep(50);
    clock.advance(3_000);
  }

  assert.equal(left.deref(), undefined);
});

test("the young generation stays small under load", async () => {
  using _memory = keeping(new FakeClock());

  await work();

  assert.ok(youngBytes() <= 16 * MB, `${youngBytes() / MB} MB`);
});
