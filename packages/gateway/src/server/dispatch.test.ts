import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { FakeClock } from "../../../../test/fakes/clock.ts";
import { GatewayError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { machineTrouble } from "../base/process/machine.ts";
import type { Base } from "../kit/base.ts";
import { defineMethod, type Method } from "../kit/method.ts";
import { ManyPort } from "../kit/port.ts";
import type { Connection, Session } from "./connection.ts";
import { chooseDialect } from "./dialect.ts";
import { Dispatch } from "./dispatch.ts";
import { IdempotentCalls } from "./idempotency.ts";

const plain = { summary: "-", access: "operator.read" as const, params: {}, result: Type.Unknown() };

/** A dispatch over these methods, a connection that keeps what is sent to it, and what was logged as an error. */
function setUp(...methods: Method[]) {
  const frames: { id: string; ok: boolean }[] = [];
  const errors: string[] = [];
  const log = { debug: () => undefined, error: (sentence: string) => void errors.push(sentence) } as unknown as Log;
  const connection: Connection = {
    inFlight: 0,
    begin: () => connection.inFlight++,
    answered: () => undefined,
    closed: new AbortController(),
    send: (frame: string) => void frames.push(JSON.parse(frame)),
  } as unknown as Connection;
  const dispatch = new Dispatch({
    methods: () => new Map(methods.map((method) => [method.name, method])),
    gateway: { machine: { met: () => {} } } as unknown as Base,
    idempotentCalls: new IdempotentCalls(new FakeClock()),
    replication: { isReplicated: false, replicated: () => Promise.resolve() },
    calls: new ManyPort(),
    log,
    explain(error, what) {
      const trouble = machineTrouble(error);
      errors.push(trouble?.says ?? what);
      return trouble;
    },
  });
  return { dispatch, connection, frames, errors };
}

function session(principal = "shared", protocol: 3 | 4 = 3): Session {
  const caller = { connId: "c", protocol, role: "operator", scopes: new Set(["operator.admin"]), principal };
  return { caller, dialect: chooseDialect(protocol, protocol), credential: { kind: "shared" } } as unknown as Session;
}

/** Lets promises that are settled reach their handlers. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const UNEXPECTED = {
  type: "res",
  id: "1",
  ok: false,
  error: { code: "UNAVAILABLE", message: "internal error" },
};

const THROWING: readonly [what: string, handler: () => unknown][] = [
  [
    "throws",
    () => {
      throw new TypeError("secret detail");
    },
  ],
  ["rejects", () => Promise.reject(new Error("secret detail"))],
  [
    "throws what is no error",
    () => {
      throw "secret detail";
    },
  ],
  ["answers with what is no JSON", () => 1n],
  ["resolves to what is no JSON", async () => 1n],
];
for (const [what, handler] of THROWING) {
  test(`a handler that ${what} gets one answer that says nothing of the inside, and a line in the log`, async () => {
    const { dispatch, connection, frames, errors } = setUp(defineMethod({ ...plain, name: "m", handler }));

    dispatch.handle(connection, session(), { id: "1", method: "m" });
    await settled();

    assert.deepEqual(frames, [UNEXPECTED]);
    assert.deepEqual(errors, ["a method threw an unexpected error"]);
    assert.equal(connection.inFlight, 0);
  });
}

test("callers that have joined a call whose result is no JSON are all told", async () => {
  const method = defineMethod({ ...plain, name: "m", once: true, handler: async () => 1n });
  const { dispatch, connection, frames } = setUp(method);

  dispatch.handle(connection, session(), { id: "1", method: "m", params: { idempotencyKey: "k" } });
  dispatch.handle(connection, session(), { id: "2", method: "m", params: { idempotencyKey: "k" } });
  await settled();

  assert.deepEqual(frames, [UNEXPECTED, { ...UNEXPECTED, id: "2" }]);
  assert.equal(connection.inFlight, 0);
});

test("an error of the protocol is sent as it is, a failed run's payload beside it", () => {
  const error = new GatewayError("UNAVAILABLE", "the model is away", {
    retryable: true,
    retryAfterMs: 500,
    details: { code: "X" },
    payload: { status: "error" },
  });
  const method = defineMethod({
    ...plain,
    name: "m",
    handler: () => {
      throw error;
    },
  });
  const { dispatch, connection, frames } = setUp(method);

  dispatch.handle(connection, session(), { id: "1", method: "m" });

  assert.deepEqual(frames, [
    {
      type: "res",
      id: "1",
      ok: false,
      payload: { status: "error" },
      error: {
        code: "UNAVAILABLE",
        message: "the model is away",
        details: { code: "X" },
        retryable: true,
        retryAfterMs: 500,
      },
    },
  ]);
});

test("a full disk is told in words that help", () => {
  const full = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const method = defineMethod({
    ...plain,
    name: "m",
    handler: () => {
      throw full;
    },
  });
  const { dispatch, connection, frames } = setUp(method);

  dispatch.handle(connection, session(), { id: "1", method: "m" });

  assert.deepEqual(frames, [
    {
      type: "res",
      id: "1",
      ok: false,
      error: {
        code: "UNAVAILABLE",
        message: "the disk is full; free some space and try again",
        retryable: true,
      },
    },
  ]);
});

/** A method that is acknowledged at once and ends when the test says so; it says what it was called with. */
function slowMethod() {
  const runs: unknown[] = [];
  const end = Promise.withResolvers<unknown>();
  const method = defineMethod({
    ...plain,
    name: "slow",
    once: true,
    params: { message: Type.String() },
    async handler({ params, ack }) {
      runs.push(params.message);
      ack("accepted");
      return end.promise;
    },
  });
  return { method, runs, end };
}

test("a duplicate under another id joins the first call; its own params never take effect", async () => {
  const { method, runs, end } = slowMethod();
  const { dispatch, connection, frames } = setUp(method);

  dispatch.handle(connection, session(), { id: "1", method: "slow", params: { message: "a", idempotencyKey: "k" } });
  dispatch.handle(connection, session(), { id: "2", method: "slow", params: { message: "b", idempotencyKey: "k" } });
  end.resolve("done");
  await settled();

  assert.deepEqual(runs, ["a"]);
  assert.deepEqual(frames, [
    { type: "res", id: "1", ok: true, payload: "accepted" },
    { type: "res", id: "2", ok: true, payload: "accepted" },
    { type: "res", id: "1", ok: true, payload: "done" },
    { type: "res", id: "2", ok: true, payload: "done" },
  ]);
});

test("another caller's key is another key", () => {
  const { method, runs } = slowMethod();
  const { dispatch, connection } = setUp(method);
  const params = { message: "a", idempotencyKey: "k" };

  dispatch.handle(connection, session("device:a"), { id: "1", method: "slow", params });
  dispatch.handle(connection, session("device:b"), { id: "2", method: "slow", params });

  assert.equal(runs.length, 2);
});

for (const idempotencyKey of [undefined, "", 1, null, "k".repeat(257)]) {
  const shown = String(idempotencyKey).slice(0, 10);
  test(`the idempotency key ${JSON.stringify(shown)} is refused and nothing runs`, () => {
    const { method, runs } = slowMethod();
    const { dispatch, connection, frames } = setUp(method);

    dispatch.handle(connection, session(), { id: "1", method: "slow", params: { message: "a", idempotencyKey } });

    assert.equal(runs.length, 0);
    assert.equal(frames[0]?.ok, false);
  });
}

test("the 1025th unanswered request of a connection is turned away, and told to wait", () => {
  const { method } = slowMethod();
  const { dispatch, connection, frames } = setUp(method);
  const ask = (id: string) =>
    dispatch.handle(connection, session(), { id, method: "slow", params: { message: "a", idempotencyKey: id } });

  for (let i = 1; i <= 1024; i++) ask(`r${i}`);
  frames.length = 0;
  ask("one more");

  assert.deepEqual(frames, [
    {
      type: "res",
      id: "one more",
      ok: false,
      error: {
        code: "UNAVAILABLE",
        message: "too many requests in flight (1024); wait for answers before sending more",
        retryable: true,
        retryAfterMs: 100,
      },
    },
  ]);
});
