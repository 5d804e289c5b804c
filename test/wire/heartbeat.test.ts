// Heartbeats: when the model is asked, who hears of the answer, and what clients are told. One row of the table each.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { killableOver } from "../agent/killable-gateway.ts";
import { admin, configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
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

test("nothing new: a look asks nobody, and says so to clients", async (t) => {
  const { client, model } = await stage(t);

  const looked = await client.call("heartbeat.now", {});

  assert.deepEqual([looked.asks, looked.reason], [false, "nothing-new"]);
  assert.deepEqual(await outcomeIn(client), { status: "skipped", reason: "nothing-new", silent: true });
  assert.equal(model.requests.length, 0);
});

test("a list without tasks asks nobody; a task is asked about until a heartbeat leaves nothing to do", async (t) => {
  const { client, model, write } = await stage(t);
  write("HEARTBEAT.md", "# Tasks\n\n- [ ]\n");
  const empty = (await client.call("heartbeat.now", {})).reason;
  write("HEARTBEAT.md", "#TODO buy milk, see shop.txt");
  write("shop.txt", "open");
  model.script(text(QUIET), text(QUIET));

  const first = (await client.call("heartbeat.now", {})).reason;
  await outcomeIn(client);
  const answered = await outcomeIn(client);
  const again = (await client.call("heartbeat.now", {})).reason;
  write("shop.txt", "closed");
  const changed = (await client.call("heartbeat.now", {})).reason;

  assert.deepEqual([empty, first, again, changed], ["empty-heartbeat-file", "checklist", "nothing-new", "checklist"]);
  assert.equal(answered.status, "ok-token");
});

test("outside of the active hours nobody is asked, whatever waits; equal hours are never", async (t) => {
  const { client, model } = await stage(t, { activeHours: { start: "08:00", end: "08:00" } });
  await client.call("wake", { mode: "next-heartbeat", text: "The kettle is on" });

  const looked = await client.call("heartbeat.now", { force: true });

  assert.deepEqual([looked.asks, looked.reason, model.requests.length], [false, "quiet-hours", 0]);
});

test("the budget of the day holds for events too", async (t) => {
  const { client, model } = await stage(t, { maxTurnsPerDay: 1 });
  model.script(text(QUIET));

  const outcomes = [await woken(client, "one"), await woken(client, "two")];

  assert.deepEqual(
    outcomes.map(({ status, reason }) => [status, reason]),
    [
      ["ok-token", undefined],
      ["skipped", "budget"],
    ],
  );
  assert.equal(model.requests.length, 1);
});

test("with nothing shown to anybody no model is asked", async (t) => {
  const heartbeat = { showOk: false, showAlerts: false, useIndicator: false };
  const { client, model } = await stage(t, {}, { channels: { defaults: { heartbeat } } });

  const outcome = await woken(client);

  assert.deepEqual([outcome.reason, model.requests.length], ["alerts-disabled", 0]);
});

test("a reply without a target is kept in the conversation, and told as skipped", async (t) => {
  const { client, model } = await stage(t);
  model.script(text("Call your mum"), { kind: "status", status: 400, message: "no" });

  const outcomes = [await woken(client, "one"), await woken(client, "two")];

  assert.deepEqual(
    outcomes.map(({ status, reason, preview }) => [status, reason === undefined || status === "failed", preview]),
    [
      ["skipped", false, "Call your mum"],
      ["failed", true, undefined],
    ],
  );
  const { agents } = await client.call("heartbeat.status", {});
  assert.equal(agents[0].waiting, 1);
});

test("a busy conversation is waited for", async (t) => {
  const { client, model } = await stage(t);
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "text", text: "Done.", hold }, text(QUIET));
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "main", message: "work", idempotencyKey: "work" });
  await asked;
  await client.call("wake", { mode: "now", text: "The kettle is on" });
  const busy = (await client.call("heartbeat.now", {})).reason;

  release();
  const outcome = await outcomeIn(client);

  assert.deepEqual([busy, outcome.status, model.requests.length], ["busy", "ok-token", 2]);
});

test("wrong requests say what is wrong, and a blank event is no event", async (t) => {
  const { client } = await stage(t);

  const wrong = await client.request("set-heartbeats", { enabled: "yes" });
  const mode = await client.request("wake", { mode: "soon", text: "x" });
  const blank = await client.call("wake", { mode: "now", text: "  " });

  assert.equal(wrong.error?.message, "invalid set-heartbeats params: enabled (boolean) required");
  assert.equal(mode.error?.code, "INVALID_REQUEST");
  assert.deepEqual(blank, { ok: false });
});

test("24 hours without news ask no model; an event is then answered with the next heartbeat", async (t) => {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const clock = new FakeClock();
  const gateway = await testGateway({ config: configFor(model), clock });
  t.after(() => gateway[Symbol.asyncDispose]());
  const client = await admin(gateway);

  await gateway.pass(24 * 3_600_000);
  const looks = client.frames.filter(({ event }) => event === "heartbeat").map(({ payload }) => payload.reason);
  const asked = model.requests.length;
  await client.call("wake", { mode: "next-heartbeat", text: "The kettle is on" });
  const question = model.next();
  await gateway.pass(30 * 60_000);
  await question;

  assert.deepEqual([looks.length, new Set(looks), asked], [48, new Set(["nothing-new"]), 0]);
});

test("killed before and during a turn: the event that waited is still told, to one run", async () => {
  await using model = await fakeOpenAI();
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "hang" }, { kind: "text", text: QUIET, hold });
  await using gateway = killableOver(model);
  const before = await gateway.start();
  await before.call("wake", { mode: "next-heartbeat", text: "The kettle is on" });
  await gateway.kill();
  const asked = model.next();
  await gateway.start();
  await asked;
  await gateway.kill();

  const again = model.next();
  const after = await gateway.start();
  const { body } = await again;
  release();
  const { payload } = await after.nextOf("heartbeat");

  assert.equal(JSON.stringify(body).includes("The kettle is on"), true);
  assert.equal(payload.status, "ok-token");
  assert.equal(model.requests.length, 2);
});

test("chat windows hear nothing of a heartbeat that has nothing to say, and of another one its whole reply", async (t) => {
  const { client, model } = await stage(t);
  model.script(text(["HEARTBEAT", "_OK"] as never), text(["Call ", "your mum"] as never));

  await woken(client, "one");
  const quiet = client.frames.filter(({ event }) => event === "chat").length;
  await woken(client, "two");
  const { payload } = await client.nextOf("chat");

  const states = client.frames.filter(({ event }) => event === "chat").map((frame) => frame.payload.state);
  assert.deepEqual([quiet, payload.message.content[0].text, states], [0, "Call your mum", ["final"]]);
});

test("with showOk chat windows hear of all heartbeats", async (t) => {
  const { client, model } = await stage(t, {}, { channels: { defaults: { heartbeat: { showOk: true } } } });
  model.script(text(QUIET));

  await client.call("wake", { mode: "now", text: "one" });
  for (;;) {
    const { payload } = await client.nextOf("chat");
    if (payload.state !== "final") continue;
    assert.equal(payload.message.content[0].text, QUIET);
    return;
  }
});
