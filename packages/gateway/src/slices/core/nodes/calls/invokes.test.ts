import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { Bus } from "../../../../base/bus.ts";
import { nodeInvokeCancel, nodeInvokeInput, nodeInvokeRequest } from "../events.ts";
import { type Invoke, Invokes } from "./invokes.ts";

const NODE = { connId: "c1", deviceId: "box", protocol: 4 as const };
const NOT_READY = { code: "NODE_NOT_READY", message: "NODE_NOT_READY: the camera starts" };
const CALL: Invoke = {
  ...{ nodeId: "box", command: "camera.snap", params: {}, timeoutMs: 20_000, idempotencyKey: "k1" },
  ...{ caller: { principal: "me", scopes: new Set<string>() }, signal: new AbortController().signal },
};

/** Calls over a bus; `sent` holds what the node was sent, in order. */
function stage() {
  const clock = new FakeClock();
  const bus = new Bus();
  const sent: { kind: string; id: string; timeoutMs?: number; more?: unknown }[] = [];
  bus.on(nodeInvokeRequest, ({ id, timeoutMs }) => void sent.push({ kind: "request", id, timeoutMs }));
  bus.on(nodeInvokeCancel, ({ invokeId }) => void sent.push({ kind: "cancel", id: invokeId }));
  bus.on(
    nodeInvokeInput,
    ({ id, seq, payloadJSON }) => void sent.push({ kind: "input", id, more: [seq, payloadJSON] }),
  );
  const invokes = new Invokes({ bus, clock });
  const answer = (more: object) => invokes.result(NODE, { id: sent.at(-1)!.id, nodeId: "box", ok: true, ...more });
  return { clock, sent, invokes, answer };
}

test("a node that is not ready is asked four times more, with the time that is left, and then its words count", async () => {
  const { clock, sent, invokes, answer } = stage();
  const ended = assert.rejects(invokes.call(NODE, CALL), { message: NOT_READY.message });

  for (const pauseMs of [250, 500, 1_000, 2_000]) {
    answer({ ok: false, error: NOT_READY });
    clock.advance(pauseMs);
  }
  answer({ ok: false, error: NOT_READY });
  await ended;

  assert.deepEqual(
    sent.map(({ timeoutMs }) => timeoutMs),
    [20_000, 19_750, 19_250, 18_250, 16_250],
  );
  assert.equal(new Set(sent.map(({ id }) => id)).size, 5);
});

test("a node that is ready at last answers the one call, and an answer under an older id counts no more", async () => {
  const { clock, sent, invokes, answer } = stage();
  const call = invokes.call(NODE, CALL);

  answer({ ok: false, error: NOT_READY });
  clock.advance(250);
  const late = invokes.result(NODE, { id: sent[0]!.id, nodeId: "box", ok: true, payloadJSON: '"late"' });
  answer({ payloadJSON: '"now"' });

  assert.equal(late, false);
  assert.deepEqual(await call, { payload: "now", json: '"now"' });
});

test("a node that has begun is not asked again, nor one whose deadline comes first", async () => {
  const begun = stage();
  const first = assert.rejects(begun.invokes.call(NODE, CALL), { message: NOT_READY.message });
  begun.invokes.progress(NODE, { invokeId: begun.sent[0]!.id, nodeId: "box", seq: 0, chunk: "x" });
  begun.answer({ ok: false, error: NOT_READY });
  await first;
  const short = stage();
  const second = assert.rejects(short.invokes.call(NODE, { ...CALL, timeoutMs: 200 }), { message: NOT_READY.message });
  short.answer({ ok: false, error: NOT_READY });
  await second;

  assert.deepEqual([begun.sent.length, short.sent.length], [1, 1]);
});

test("without a deadline, ten minutes of silence end a call, and output begins them anew", async () => {
  const { clock, sent, invokes } = stage();
  let isOver = false;
  const ended = assert
    .rejects(invokes.call(NODE, { ...CALL, timeoutMs: 0 }), { message: "node invoke timed out" })
    .then(() => (isOver = true));

  clock.advance(9 * 60_000);
  invokes.progress(NODE, { invokeId: sent[0]!.id, nodeId: "box", seq: 0, chunk: "still here" });
  clock.advance(9 * 60_000);
  await Promise.resolve();
  const wasOver = isOver;
  clock.advance(60_000);
  await ended;

  assert.equal(wasOver, false);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ["request", "cancel"],
  );
});

test("a call is cancelled and given input by its own caller only, and ends although the node says nothing", async () => {
  const { sent, invokes } = stage();
  const ended = assert.rejects(invokes.call(NODE, CALL), { message: "the call was cancelled" });
  const stranger = { principal: "somebody else", idempotencyKey: "k1" };
  const own = { principal: "me", idempotencyKey: "k1" };

  const byStranger = invokes.cancel(stranger);
  assert.throws(() => invokes.input(stranger, "1"), /no call of yours/);
  const seqs = [invokes.input(own, '"a"'), invokes.input(own, '"b"')].map(({ seq }) => seq);
  const byOwner = [invokes.cancel(own), invokes.cancel(own)];
  await ended;

  assert.deepEqual([byStranger, byOwner, seqs], [false, [true, false], [0, 1]]);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ["request", "input", "input", "cancel"],
  );
});

/** What the call names, what the report says, and whether they fit. */
const REPORTS = [
  [{ runId: "r1", sessionKey: "s1" }, { runId: "r1", sessionKey: "s1" }, true],
  [{ runId: "r1" }, { runId: "r2" }, false],
  [{ sessionKey: "s1" }, { sessionKey: "s2" }, false],
  [{}, { runId: "its own", sessionKey: "node" }, true],
] as const;

for (const [params, said, expected] of REPORTS)
  test(`a report of ${JSON.stringify(said)} is ${expected ? "" : "not "}of the call ${JSON.stringify(params)}`, () => {
    const { invokes } = stage();
    void invokes.call(NODE, { ...CALL, command: "system.run", params });

    const found = invokes.reported("c1", { event: "exec.finished", said }) !== undefined;
    const ofAnother = invokes.reported("c2", { event: "exec.finished", said });

    assert.deepEqual([found, ofAnother], [expected, undefined]);
  });

test("an end is reported once for each call, and a report without a call of a program is of none", () => {
  const { invokes } = stage();
  void invokes.call(NODE, CALL);
  const before = invokes.reported("c1", { event: "exec.finished", said: {} });
  void invokes.call(NODE, { ...CALL, command: "system.run" });

  const ends = [1, 2].map(() => invokes.reported("c1", { event: "exec.finished", said: {} }) !== undefined);

  assert.deepEqual([before, ends], [undefined, [true, false]]);
});
