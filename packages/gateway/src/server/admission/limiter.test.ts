import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { FailureLimiter } from "./limiter.ts";

const MINUTE = 60_000;

function failTimes(limiter: FailureLimiter, source: string, times: number): void {
  for (let i = 0; i < times; i++) limiter.fail(source);
}

test("nine failures lock nobody out", () => {
  const limiter = new FailureLimiter(new FakeClock());

  failTimes(limiter, "a", 9);

  assert.equal(limiter.lockedForMs("a"), 0);
});

test("the tenth failure within a minute locks the source out for five minutes, and no other", () => {
  const clock = new FakeClock();
  const limiter = new FailureLimiter(clock);

  failTimes(limiter, "a", 10);

  assert.equal(limiter.lockedForMs("a"), 5 * MINUTE);
  assert.equal(limiter.lockedForMs("b"), 0);
});

test("a lock-out ends by itself and the count begins anew", () => {
  const clock = new FakeClock();
  const limiter = new FailureLimiter(clock);
  failTimes(limiter, "a", 10);

  clock.advance(5 * MINUTE);
  const after = limiter.lockedForMs("a");
  failTimes(limiter, "a", 9);

  assert.equal(after, 0);
  assert.equal(limiter.lockedForMs("a"), 0);
});

test("failures spread over more than a minute do not add up", () => {
  const clock = new FakeClock();
  const limiter = new FailureLimiter(clock);

  failTimes(limiter, "a", 9);
  clock.advance(MINUTE);
  failTimes(limiter, "a", 9);

  assert.equal(limiter.lockedForMs("a"), 0);
});

test("a success wipes the slate", () => {
  const limiter = new FailureLimiter(new FakeClock());

  failTimes(limiter, "a", 9);
  limiter.succeed("a");
  failTimes(limiter, "a", 9);

  assert.equal(limiter.lockedForMs("a"), 0);
});

test("ten thousand sources are remembered and not one more; the longest unused goes first", () => {
  const limiter = new FailureLimiter(new FakeClock());
  failTimes(limiter, "first", 10);
  failTimes(limiter, "second", 10);

  for (let i = 0; i < 9_998; i++) limiter.fail(`source ${i}`);
  const remembered = limiter.lockedForMs("first");
  limiter.fail("one more");

  assert.equal(remembered, 5 * MINUTE);
  assert.equal(limiter.lockedForMs("first"), 0);
  assert.equal(limiter.lockedForMs("second"), 5 * MINUTE);
});
