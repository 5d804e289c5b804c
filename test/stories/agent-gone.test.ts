// What a run works for goes away while it works: the conversation is deleted or begins anew, or everybody stops waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configFor, say, transcriptOf } from "../agent/support.ts";
import { stdioServer } from "../fakes/mcp-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { quickClock } from "../fakes/quick-clock.ts";
import { testGateway } from "../support/gateway.ts";
import { brokenRules } from "./provider-rules.ts";
import { ask, heldTurn } from "./story.ts";

const ADMIN = { scopes: ["operator.admin"] };
const SPAWN = { name: "spawn", arguments: { task: "Count the spoons." } };

test("a conversation that is deleted while its run works ends with the run, and begins empty", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  const turn = heldTurn(model, { calls: [{ name: "sessions_list" }] });
  const { reply } = ask(client, "My name is Ada.", "r1", "agent:main:other");
  await turn.asked;

  const deleting = client.call("sessions.delete", { key: "agent:main:other" });
  turn.release();

  assert.equal((await deleting).deleted, true);
  assert.equal(await reply, "Hello from the model.");
  assert.equal(await say(client, "Who am I?", "agent:main:other"), "Hello from the model.");
  assert.deepEqual(await transcriptOf(client, "agent:main:other"), [
    "user: Who am I?",
    "assistant: Hello from the model.",
  ]);
});

test("a sub-agent whose conversation is deleted tells nobody, and brings nothing back", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  heldTurn(model, { calls: [SPAWN] }).release();
  const [one, two] = [heldTurn(model, { text: "one" }), heldTurn(model, { text: "two" })];
  const { reply } = ask(client, "Count.", "r1", "agent:main:other");
  const [first, second] = await Promise.all([one.asked, two.asked]);
  const [child, parent] = JSON.stringify(first.body).includes('"Count."') ? [two, one] : [one, two];
  assert.notEqual(first, second);
  parent.release();
  await reply;

  await client.call("sessions.delete", { key: "agent:main:other" });
  child.release();
  const { sessions } = await client.call("sessions.list", {});
  const { key } = sessions.find((each: { key: string }) => each.key.includes(":subagent:"));
  const { runs } = await client.call("runs.list", {});
  const { runId } = runs.find(({ sessionKey }: { sessionKey: string }) => sessionKey === key);
  await client.call("agent.wait", { runId, timeoutMs: 9_000 });
  await say(client, "Hello");

  const after = await client.call("sessions.list", {});
  assert.ok(!after.sessions.some((each: { key: string }) => each.key === "agent:main:other"));
  assert.equal(model.requests.length, 4);
});

test("a conversation that begins anew while its sub-agent works hears of it once, in the new one or not at all", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  heldTurn(model, { calls: [SPAWN] }).release();
  const one = heldTurn(model, { text: "twelve" });
  const two = heldTurn(model, { text: "twelve" });
  const { reply } = ask(client, "Count.", "r1");
  await Promise.all([one.asked, two.asked]);
  two.release();
  one.release();
  await reply;
  assert.match(await say(client, "/new"), /./);

  assert.equal(await say(client, "Hello"), "Hello from the model.");
  assert.deepEqual(brokenRules(model.requests), []);
});

test("a server of tools that never begins holds ten runs up for one moment, not for ten", async () => {
  await using model = await fakeOpenAI();
  const config = { ...JSON.parse(configFor(model)), mcp: { servers: { mute: stdioServer({ mode: "mute" }) } } };
  await using gateway = await testGateway({ config: JSON.stringify(config), clock: quickClock(5) });
  const client = await gateway.connect(ADMIN);
  const startedAt = performance.now();

  const runs = Array.from({ length: 10 }, (_, n) => ask(client, "Hello", `r${n}`, `agent:main:${n}`));
  const replies = await Promise.all(runs.map(({ reply }) => reply));

  assert.deepEqual(new Set(replies), new Set(["Hello from the model."]));
  // One after the other they would take ten times a fifth of five seconds.
  assert.ok(performance.now() - startedAt < 9_000);
});
