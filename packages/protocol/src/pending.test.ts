import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionClosed, RequestTimeout, ResponseError } from "./errors.ts";
import { PendingRequests } from "./pending.ts";

test("an answer resolves its request with the payload", async () => {
  const pending = new PendingRequests();
  const answer = pending.add("1", "health");

  pending.settle({ type: "res", id: "1", ok: true, payload: { ok: true } });

  assert.deepEqual(await answer, { ok: true });
  assert.equal(pending.size, 0);
});

test("a refusal rejects with everything the gateway said", async () => {
  const pending = new PendingRequests();
  const answer = pending.add("1", "agent");
  const error = { code: "UNAVAILABLE", message: "model is down", retryAfterMs: 500, details: { code: "MODEL" } };

  pending.settle({ type: "res", id: "1", ok: false, payload: { runId: "r" }, error });

  const expected = { code: "UNAVAILABLE", message: "model is down", retryAfterMs: 500, retryable: true };
  await assert.rejects(answer, { ...expected, reason: "MODEL", payload: { runId: "r" } });
});

test("a two-stage request is acknowledged once and resolves with the final answer", async () => {
  const pending = new PendingRequests();
  const acks: unknown[] = [];
  const answer = pending.add("1", "agent", { expectFinal: true, onAck: (ack) => acks.push(ack) });

  pending.settle({ type: "res", id: "1", ok: true, payload: { runId: "r", status: "accepted" } });
  pending.settle({ type: "res", id: "1", ok: true, payload: { runId: "r", status: "accepted" } });
  pending.settle({ type: "res", id: "1", ok: true, payload: { runId: "r", status: "ok" } });

  assert.deepEqual(await answer, { runId: "r", status: "ok" });
  assert.deepEqual(acks, [{ runId: "r", status: "accepted" }]);
});

test("a status of accepted is final for a method with one stage", async () => {
  const pending = new PendingRequests();
  const answer = pending.add("1", "plugin.submit");

  pending.settle({ type: "res", id: "1", ok: true, payload: { status: "accepted" } });

  assert.deepEqual(await answer, { status: "accepted" });
});

test("an unanswered request times out after ten seconds, and a late answer is nobody's", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pending = new PendingRequests();
  const answer = pending.add("1", "health");

  t.mock.timers.tick(10_000);

  await assert.rejects(answer, new RequestTimeout("health", 10_000));
  assert.equal(pending.settle({ type: "res", id: "1", ok: true }), false);
});

test("after an ack only a limit that the caller set still counts", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pending = new PendingRequests();
  const patient = pending.add("1", "agent", { expectFinal: true });
  const limited = pending.add("2", "agent", { expectFinal: true, timeoutMs: 60_000 });

  pending.settle({ type: "res", id: "1", ok: true, payload: { status: "accepted" } });
  pending.settle({ type: "res", id: "2", ok: true, payload: { status: "accepted" } });
  t.mock.timers.tick(60_000);
  pending.settle({ type: "res", id: "1", ok: true, payload: { status: "ok" } });

  assert.deepEqual(await patient, { status: "ok" });
  await assert.rejects(limited, RequestTimeout);
});

test("a limit of 0 waits for ever", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pending = new PendingRequests();
  const answer = pending.add("1", "exec.approval.request", { timeoutMs: 0 });

  t.mock.timers.tick(86_400_000);
  pending.settle({ type: "res", id: "1", ok: true, payload: "late" });

  assert.equal(await answer, "late");
});

test("an aborted signal rejects with its reason, before or after sending", async () => {
  const pending = new PendingRequests();
  const controller = new AbortController();
  const running = pending.add("1", "health", { signal: controller.signal });

  controller.abort(new Error("enough"));
  const late = pending.add("2", "health", { signal: controller.signal });

  await assert.rejects(running, { message: "enough" });
  await assert.rejects(late, { message: "enough" });
  assert.equal(pending.size, 0);
});

test("a closed connection rejects every request", async () => {
  const pending = new PendingRequests();
  const answers = [pending.add("1", "health"), pending.add("2", "status")];
  const closed = new ConnectionClosed(1012, "service restart");

  pending.rejectAll(closed);

  const results = await Promise.allSettled(answers);
  assert.deepEqual(
    results.map((result) => result.status === "rejected" && result.reason),
    [closed, closed],
  );
});

test("a refusal without an error object still says something", async () => {
  const pending = new PendingRequests();
  const answer = pending.add("1", "health");

  pending.settle({ type: "res", id: "1", ok: false });

  await assert.rejects(answer, ResponseError);
});
