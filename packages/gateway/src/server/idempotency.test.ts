import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../test/fakes/clock.ts";
import { GatewayError, invalidRequest } from "../base/errors.ts";
import { IdempotentCalls, type Responder } from "./idempotency.ts";

const MINUTE = 60_000;

/** A caller that writes down its answers. */
function caller(): Responder & { readonly answers: unknown[][] } {
  const answers: unknown[][] = [];
  return {
    answers,
    ack: (payload) => void answers.push(["ack", payload]),
    done: (payload) => void answers.push(["done", payload]),
    fail: (error) => void answers.push(["fail", (error as Error).message]),
  };
}

/** A call that the test answers itself; `runs` counts how often it was really made. */
function work() {
  const runs: Responder[] = [];
  return { runs, call: (to: Responder) => void runs.push(to) };
}

function setUp() {
  const clock = new FakeClock();
  return { clock, once: new IdempotentCalls(clock), ...work() };
}

test("the first call runs and its caller gets its answers", () => {
  const { once, call, runs } = setUp();
  const first = caller();

  once.run("k", first, call);
  runs[0]!.ack(1);
  runs[0]!.done(2);

  assert.deepEqual(first.answers, [
    ["ack", 1],
    ["done", 2],
  ]);
});

test("a duplicate that comes before the acknowledgement joins and gets both answers", () => {
  const { once, call, runs } = setUp();
  const [first, second] = [caller(), caller()];

  once.run("k", first, call);
  once.run("k", second, call);
  runs[0]!.ack(1);
  runs[0]!.done(2);

  assert.equal(runs.length, 1);
  assert.deepEqual(second.answers, first.answers);
});

test("a duplicate that comes between them gets the same acknowledgement at once, then the final answer", () => {
  const { once, call, runs } = setUp();
  const second = caller();

  once.run("k", caller(), call);
  runs[0]!.ack("accepted");
  once.run("k", second, call);
  const atOnce = [...second.answers];
  runs[0]!.done("ok");

  assert.deepEqual(atOnce, [["ack", "accepted"]]);
  assert.deepEqual(second.answers, [
    ["ack", "accepted"],
    ["done", "ok"],
  ]);
});

test("a duplicate that comes after completion gets the final answer and runs nothing", () => {
  const { once, call, runs } = setUp();
  const late = caller();

  once.run("k", caller(), call);
  runs[0]!.ack("accepted");
  runs[0]!.done("ok");
  once.run("k", late, call);

  assert.equal(runs.length, 1);
  assert.deepEqual(late.answers, [["done", "ok"]]);
});

test("the key is reserved before the call begins: a duplicate made from within it joins", () => {
  const { once } = setUp();
  const [outer, inner] = [caller(), caller()];
  let runs = 0;

  once.run("k", outer, (to) => {
    runs++;
    once.run("k", inner, () => void runs++);
    to.done("ok");
  });

  assert.equal(runs, 1);
  assert.deepEqual(inner.answers, [["done", "ok"]]);
});

test("an answer is kept for five minutes after it was given", () => {
  const { once, call, runs, clock } = setUp();
  once.run("k", caller(), call);
  clock.advance(4 * MINUTE);
  runs[0]!.done("ok");

  clock.advance(5 * MINUTE);
  once.run("k", caller(), call);
  const withinTime = runs.length;
  clock.advance(1);
  once.run("k", caller(), call);

  assert.equal(withinTime, 1);
  assert.equal(runs.length, 2);
});

test("a call that still runs is never forgotten", () => {
  const { once, call, runs, clock } = setUp();
  const late = caller();

  once.run("k", caller(), call);
  clock.advance(24 * 60 * MINUTE);
  once.run("other", caller(), call);
  once.run("k", late, call);
  runs[0]!.done("ok");

  assert.deepEqual(late.answers, [["done", "ok"]]);
});

test("a failure is an answer too: it is kept and shared", () => {
  const { once, call, runs } = setUp();
  const [first, joined, late] = [caller(), caller(), caller()];

  once.run("k", first, call);
  once.run("k", joined, call);
  runs[0]!.fail(new GatewayError("UNAVAILABLE", "the model is away"));
  once.run("k", late, call);

  assert.equal(runs.length, 1);
  for (const each of [first, joined, late]) assert.deepEqual(each.answers, [["fail", "the model is away"]]);
});

test("a call refused as invalid gives its key back", () => {
  const { once, call, runs } = setUp();
  const [first, joined, second] = [caller(), caller(), caller()];

  once.run("k", first, call);
  once.run("k", joined, call);
  runs[0]!.fail(invalidRequest("unknown agent"));
  once.run("k", second, call);
  runs[1]!.done("ok");

  assert.deepEqual(joined.answers, [["fail", "unknown agent"]]);
  assert.deepEqual(second.answers, [["done", "ok"]]);
});

test("keys do not touch each other", () => {
  const { once, call, runs } = setUp();

  for (const key of ["device:a\nagent\nk", "device:b\nagent\nk", "device:a\nchat.send\nk"]) {
    once.run(key, caller(), call);
  }

  assert.equal(runs.length, 3);
});

test("ten thousand answers are kept; beyond that the oldest go", () => {
  const { once } = setUp();
  const answerAtOnce = (to: Responder) => to.done("old");
  for (let i = 0; i < 10_001; i++) once.run(`k${i}`, caller(), answerAtOnce);
  const [oldest, newest] = [caller(), caller()];

  once.run("k0", oldest, (to) => to.done("new"));
  once.run("k10000", newest, (to) => to.done("new"));

  assert.deepEqual(oldest.answers, [["done", "new"]]);
  assert.deepEqual(newest.answers, [["done", "old"]]);
});

test("a key that is used again after its time counts as new: older answers make room before it does", () => {
  const { once, call, runs, clock } = setUp();
  const answerAtOnce = (to: Responder) => to.done("first");
  const repeated = caller();
  once.run("running", caller(), call); // the oldest call still runs, so that nothing behind it is dropped yet
  once.run("k", caller(), answerAtOnce);
  clock.advance(5 * MINUTE);
  once.run("older", caller(), answerAtOnce);
  clock.advance(1);
  once.run("k", caller(), (to) => to.done("second"));
  runs[0]!.done("ok");

  for (let i = 0; i < 9_999; i++) once.run(`filler${i}`, caller(), answerAtOnce);
  once.run("k", repeated, (to) => to.done("third"));

  assert.deepEqual(repeated.answers, [["done", "second"]]);
});
