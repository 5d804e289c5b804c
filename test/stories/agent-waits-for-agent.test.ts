// Agents that wait for agents: places are few, and nobody waits for somebody who waits for that place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configFor, say } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { ask, heldTurn, toldTo } from "./story.ts";

const ADMIN = { scopes: ["operator.admin"] };
const SPAWN = { name: "spawn", arguments: { task: "Count the spoons.", wait: true } };

test("a sub-agent that waits for its own sub-agent leaves it the only place there is", async () => {
  await using model = await fakeOpenAI();
  const defaults = { subagents: { maxDepth: 2, maxConcurrent: 1, timeoutSeconds: 8 } };
  await using gateway = await testGateway({ config: configFor(model, { defaults }) });
  const client = await gateway.connect(ADMIN);
  model.script({ kind: "turn", calls: [SPAWN] }, { kind: "turn", calls: [SPAWN] });
  model.script(
    { kind: "text", text: "12" },
    { kind: "text", text: "Twelve." },
    { kind: "text", text: "There are 12." },
  );

  assert.equal(await say(client, "How many spoons?"), "There are 12.");
});

test("a run that waits for another conversation's answer leaves it its place", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model, { defaults: { maxConcurrent: 1 } }) });
  const client = await gateway.connect(ADMIN);
  await say(client, "Hello", "agent:main:other");
  const send = {
    name: "sessions_send",
    arguments: { sessionKey: "agent:main:other", message: "Well?", waitSeconds: 5 },
  };
  model.script({ kind: "turn", calls: [send] }, { kind: "text", text: "Well." });

  assert.equal(await say(client, "Ask the other."), "Hello from the model.");

  assert.match(toldTo(model)[0]!, /Well\./);
});

test("those that have waited do not take more places than there are for long", async () => {
  await using model = await fakeOpenAI();
  const defaults = { maxConcurrent: 1, subagents: { maxConcurrent: 1 } };
  await using gateway = await testGateway({ config: configFor(model, { defaults }) });
  const client = await gateway.connect(ADMIN);
  heldTurn(model, { calls: [SPAWN] }).release();
  const child = heldTurn(model, { text: "12" });
  const parent = ask(client, "How many?", "r1");
  await child.asked;
  const turn = heldTurn(model, { text: "Hello there." });
  const other = ask(client, "Hello.", "r2", "agent:main:other");
  await turn.asked;

  child.release();
  assert.equal(await parent.reply, "Hello from the model.");
  const last = ask(client, "Me too.", "r3", "agent:main:third");
  await last.sent;
  const { runs } = await client.call("runs.list", {});
  turn.release();

  assert.equal(runs[0].status, "accepted");
  assert.equal(await other.reply, "Hello there.");
  assert.equal(await last.reply, "Hello from the model.");
});
