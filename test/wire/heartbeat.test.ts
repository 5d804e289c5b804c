// Heartbeats: when the model is asked, who hears of the answer, and what clients are told. One row of the table each.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { admin, configFor } from "../agent/support.ts";
import type { Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const QUIET = "HEARTBEAT_OK";
const text = (words: string): Script => ({ kind: "text", text: words });

/** A gateway over a fake model; `heartbeat` are settings of the default agent's, `rest` further sections. */
async function stage(t: TestContext, heartbeat: object = {}, rest: object = {}) {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const config = JSON.parse(configFor(model, { defaults: { heartbeat } }));
  const gateway = await testGateway({ config: JSON.stringify({ ...config, ...rest }) });
  t.after(() => gateway[Symbol.asyncDispose]());
  const client = await admin(gateway);
  const write = (path: string, words: string) => {
    const folder = join(gateway.stateDir, "workspace");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, path), words);
  };
  return { model, gateway, client, write };
}

/** Wakes the agent with news; what came of the heartbeat. */
async function woken(client: WireClient, words = "The kettle is on") {
  await client.call("wake", { mode: "now", text: words });
  return outcomeIn(client);
}

async function outcomeIn(client: WireClient) {
  const { payload } = await client.nextOf("heartbeat");
  const { ts: _ts, durationMs: _duration, agentId: _agent, sessionKey: _key, ...outcome } = payload;
  return outcome;
}

test("switched off: nobody is asked and nobody is told; switched on again, the event that waited is answered", async (t) => {
  const { client, model } = await stage(t);
  model.script(text(QUIET));

  const off = await client.call("set-heartbeats", { enabled: false });
  await client.call("wake", { mode: "now", text: "The kettle is on" });
  const looked = await client.call("heartbeat.now", {});
  const askedBefore = model.requests.length;
  await client.call("set-heartbeats", { enabled: true });
  const outcome = await outcomeIn(client);

  assert.deepEqual([off, looked.reason, askedBefore], [{ ok: true, enabled: false }, "disabled", 0]);
  assert.deepEqual(outcome, { status: "ok-token", silent: true, indicatorType: "ok" });
  assert.equal(JSON.stringify(model.requests[0]?.body).includes("The kettle is on"), true);
});

test("the word alone is kept from people, and last-heartbeat tells of it", async (t) => {
  const { client, model } = await stage(t);
  model.script(text("**HEARTBEAT_OK**"));

  const outcome = await woken(client);

  assert.deepEqual(outcome, { status: "ok-token", silent: true, indicatorType: "ok" });
  assert.equal((await client.call("last-heartbeat", {})).status, "ok-token");
});
