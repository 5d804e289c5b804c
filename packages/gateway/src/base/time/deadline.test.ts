import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { onAbort, within } from "./deadline.ts";

const never = () => new Promise<string>(() => {});

test("work that ends first gives its result, or throws its own error", async () => {
  const clock = new FakeClock();

  assert.equal(await within(Promise.resolve("done"), { ms: 100, clock }), "done");
  await assert.rejects(within(Promise.reject(new RangeError("its own")), { ms: 100, clock }), { name: "RangeError" });
});

test("when the time is up there is no result, or the error that was asked for", async () => {
  const clock = new FakeClock();
  const patient = within(never(), { ms: 100, clock });
  const strict = within(never(), { ms: 100, clock, late: () => new RangeError("too late") });

  clock.advance(100);

  assert.equal(await patient, undefined);
  await assert.rejects(strict, { message: "too late" });
});

test("a signal that aborts ends the waiting with its reason, also when it had aborted before", async () => {
  const stop = new AbortController();
  const waiting = within(never(), { signal: stop.signal });

  stop.abort(new RangeError("stopped"));

  await assert.rejects(waiting, { message: "stopped" });
  await assert.rejects(within(never(), { signal: stop.signal }), { message: "stopped" });
});

test("a signal ends the waiting before the time does", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const waiting = within(never(), { ms: 100, clock, signal: stop.signal });

  stop.abort(new RangeError("stopped"));
  clock.advance(100);

  await assert.rejects(waiting, { message: "stopped" });
});

test("nothing listens to the signal any more when the work is done", async () => {
  const { signal } = new AbortController();

  await within(Promise.resolve(), { ms: 100, clock: new FakeClock(), signal });

  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("a signal that has aborted comes before work that is done", async () => {
  await assert.rejects(within(Promise.resolve(), { signal: AbortSignal.abort(new RangeError("stopped")) }), {
    message: "stopped",
  });
});

test("a function is called once when a signal aborts, at once if it has, and not when it is disposed", () => {
  const stop = new AbortController();
  const called: string[] = [];
  onAbort(stop.signal, () => called.push("waits"));
  onAbort(stop.signal, () => called.push("disposed"))[Symbol.dispose]();

  stop.abort();
  onAbort(stop.signal, () => called.push("had aborted"));

  assert.deepEqual(called, ["waits", "had aborted"]);
});
