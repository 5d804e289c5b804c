// kill -9 around a delivery: what was answered is done once, and a retry gets the first answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { killableOver } from "../agent/killable-gateway.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { callHook, HOOK_TOKEN, withToken } from "./hooks-stage.ts";

const HOOKS = {
  hooks: {
    enabled: true,
    token: HOOK_TOKEN,
    mappings: [{ match: { path: "many" }, forEach: "items", messageTemplate: "item {{item}}" }],
  },
};
const CALL = { body: { message: "Deploy", name: "CI" }, headers: withToken({ "idempotency-key": "deploy-1" }) };

test("killed between the answer and the end of the run: the run goes on once, and a retry finds it", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = killableOver(model, HOOKS);
  await gateway.start();
  const asked = model.next();
  const first = await callHook(gateway.httpUrl, "/hooks/agent", CALL);
  await asked;

  await gateway.kill();
  const after = await gateway.start();
  const again = await callHook(gateway.httpUrl, "/hooks/agent", CALL);
  const { status } = await after.call("agent.wait", { runId: first.body.runId, timeoutMs: 60_000 });
  const { deliveries } = await after.call("hooks.deliveries", {});

  assert.deepEqual([first.status, again.body, status], [202, first.body, "ok"]);
  assert.deepEqual(
    deliveries.map(({ runId, repeats, runEnd }: Record<string, unknown>) => [runId, repeats, runEnd]),
    [[first.body.runId, 1, "ok"]],
  );
  const { messages } = await after.call("chat.history", { sessionKey: deliveries[0].sessionKey });
  assert.equal(messages.length, 2);
});

test("killed right after the answer, again and again: every delivery runs once", async () => {
  await using model = await fakeOpenAI();
  await using gateway = killableOver(model, HOOKS);
  const runIds: string[] = [];
  for (let round = 0; round < 4; round++) {
    await gateway.start();
    const headers = withToken({ "idempotency-key": `round-${round}` });
    const { body } = await callHook(gateway.httpUrl, "/hooks/agent", { body: { message: `Round ${round}` }, headers });
    runIds.push(body.runId);
    await gateway.kill();
  }

  const client = await gateway.start();
  for (const runId of runIds) await client.call("agent.wait", { runId, timeoutMs: 60_000 });
  const { deliveries } = await client.call("hooks.deliveries", {});

  assert.deepEqual(
    deliveries.map(({ runId, runEnd }: Record<string, unknown>) => [runId, runEnd]).toReversed(),
    runIds.map((runId) => [runId, "ok"]),
  );
});

test("killed in the middle of a list that is split: the retry does the rest, and no item twice", async () => {
  await using model = await fakeOpenAI();
  await using gateway = killableOver(model, HOOKS);
  const items = Array.from({ length: 60 }, (_, index) => index);
  const call = () =>
    callHook(gateway.httpUrl, "/hooks/many", { body: { items }, headers: withToken({ "idempotency-key": "list" }) });
  const before = await gateway.start();
  const cutOff = call().catch((error: unknown) => error);
  for (let count = 0; count < 5; ) count = (await before.call("hooks.deliveries", { limit: 500 })).deliveries.length;
  await gateway.kill();
  await cutOff;

  const client = await gateway.start();
  const { body } = await call();
  for (const runId of body.runIds) await client.call("agent.wait", { runId, timeoutMs: 60_000 });
  const { deliveries } = await client.call("hooks.deliveries", { limit: 500 });

  const runs = deliveries.filter(({ runId }: { runId?: string }) => runId !== undefined);
  assert.deepEqual([body.runIds.length, new Set(body.runIds).size, runs.length], [60, 60, 60]);
});
