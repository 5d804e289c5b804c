import assert from "node:assert/strict";
import { test } from "node:test";
import { ignore } from "../errors.ts";
import { guardedClock, systemClock } from "./clock.ts";

test("sleep resolves after its time", async () => {
  const before = systemClock.monotonic();

  await systemClock.sleep(20);

  assert.ok(systemClock.monotonic() - before >= 19);
});

test("sleep rejects with the signal's reason, at once when it has been aborted already", async () => {
  const reason = new Error("stop");
  const stop = new AbortController();

  const asleep = systemClock.sleep(3_600_000, stop.signal);
  stop.abort(reason);

  await assert.rejects(asleep, reason);
  await assert.rejects(systemClock.sleep(3_600_000, stop.signal), reason);
});

test("after calls once", async () => {
  const called = Promise.withResolvers<string>();

  systemClock.after(1, () => called.resolve("called"));

  assert.equal(await awake(called.promise), "called");
});

test("after does not call what has been disposed", async () => {
  let calls = 0;

  const timer = systemClock.after(1, () => calls++);
  timer[Symbol.dispose]();
  await systemClock.sleep(10);

  assert.equal(calls, 0);
});

test("a wait of more than 2^31-1 ms is not over at once", async () => {
  const over: string[] = [];
  const stop = new AbortController();
  using _once = systemClock.after(3e9, () => over.push("after"));
  using _again = systemClock.every(3e9, () => over.push("every"));
  void systemClock.sleep(3e9, stop.signal).then(
    () => over.push("sleep"),
    (error: unknown) => ignore(error, "the sleep was interrupted"),
  );

  await systemClock.sleep(20);
  stop.abort();

  assert.deepEqual(over, []);
});

test("a long wait is over when its time has come", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const over: string[] = [];
  systemClock.after(2 ** 31 + 1_000, () => over.push("after"));
  using _again = systemClock.every(2 ** 31 + 1_000, () => over.push("every"));

  t.mock.timers.tick(2 ** 31 - 1);
  const before = [...over];
  t.mock.timers.tick(1_001);
  const once = [...over];
  t.mock.timers.tick(2 ** 31 - 1);
  t.mock.timers.tick(1_001);

  assert.deepEqual(before, []);
  assert.deepEqual(once, ["after", "every"]);
  assert.deepEqual(over, ["after", "every", "every"]);
});

test("every calls again and again until it is disposed", async () => {
  const third = Promise.withResolvers<void>();
  let calls = 0;

  const timer = systemClock.every(1, () => {
    if (++calls < 3) return;
    timer[Symbol.dispose]();
    third.resolve();
  });
  await awake(third.promise);
  await systemClock.sleep(10);

  assert.equal(calls, 3);
});

/** The clock's timers do not keep a process alive; a test must stay for them. */
async function awake<T>(promise: Promise<T>): Promise<T> {
  const stay = setInterval(() => undefined, 1_000);
  try {
    return await promise;
  } finally {
    clearInterval(stay);
  }
}

test("what a guarded timer's work throws is handed on, and the timer goes on", async () => {
  const twice = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  const clock = guardedClock(systemClock, (error) => {
    errors.push(error);
    if (errors.length === 2) twice.resolve();
  });

  using _timer = clock.every(1, () => {
    throw "full disk";
  });
  await awake(twice.promise);

  assert.deepEqual(errors, ["full disk", "full disk"]);
});
