import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { Coalesced } from "./coalesce.ts";

/** Counts its rounds; each takes `costMs` of the fake clock's time. */
function counted(costMs = 0) {
  const clock = new FakeClock();
  const rounds: number[] = [];
  const work = () => {
    rounds.push(clock.monotonic());
    if (costMs > 0) clock.advance(costMs);
  };
  return { clock, rounds, coalesced: new Coalesced({ clock, delayMs: 100, work }) };
}

test("calls that come together are one round of work", () => {
  const { clock, rounds, coalesced } = counted();

  coalesced.soon();
  clock.advance(99);
  coalesced.soon();
  clock.advance(1);
  clock.advance(1_000);

  assert.deepEqual(rounds, [100]);
});

test("a call after the work asks for another round", () => {
  const { clock, rounds, coalesced } = counted();

  coalesced.soon();
  clock.advance(100);
  coalesced.soon();
  clock.advance(100);

  assert.deepEqual(rounds, [100, 200]);
});

test("after an expensive round the next one waits twenty times as long as that took", () => {
  const { clock, rounds, coalesced } = counted(30);

  coalesced.soon();
  clock.advance(100);
  clock.advance(30);
  coalesced.soon();
  clock.advance(1_000);

  assert.deepEqual(rounds, [100, 130 + 600]);
});

test("nothing is done any more once it is disposed", () => {
  const { clock, rounds, coalesced } = counted();

  coalesced.soon();
  coalesced[Symbol.dispose]();
  clock.advance(1_000);

  assert.deepEqual(rounds, []);
});

test("what asks for work after the disposal starts no timer", () => {
  const { clock, rounds, coalesced } = counted();
  coalesced[Symbol.dispose]();

  coalesced.soon();
  clock.advance(1_000);

  assert.deepEqual(rounds, []);
});
