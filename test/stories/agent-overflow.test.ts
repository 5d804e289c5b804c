// Conversations that no longer fit, in the middle of a run of tools: nothing that a provider refuses is ever sent, the
// question stays, and what was done is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configFor, endOf, say } from "../agent/support.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { brokenRules } from "./provider-rules.ts";

const ADMIN = { scopes: ["operator.admin"] };
const LOOK = { name: "sessions_list" };

/** Messages with tools that make the conversation long. */
async function longTalk(model: ModelServer, ask: (message: string) => Promise<string>): Promise<void> {
  for (let n = 1; n <= 6; n++) {
    model.script(
      { kind: "turn", text: "Looking.", calls: [LOOK, LOOK] },
      { kind: "text", text: `${n} ${"tea ".repeat(300)}` },
    );
    await ask(`Question ${n}: ${"leaves ".repeat(200)}`);
  }
}

for (const [api, fake] of [
  ["openai-compatible", fakeOpenAI],
  ["anthropic", fakeAnthropic],
] as const) {
  test(`between two turns, twice in a row: the run goes on with its calls and a shorter past (${api})`, async () => {
    await using model = await fake();
    await using gateway = await testGateway({ config: configFor(model, { api }) });
    const client = await gateway.connect(ADMIN);
    await longTalk(model, (message) => say(client, message));
    const before = model.requests.length;
    model.script({ kind: "turn", text: "Let me see.", calls: [LOOK] }, { kind: "too-long" });
    model.script({ kind: "text", text: "A summary." }, { kind: "too-long" }, { kind: "text", text: "There." });

    const reply = await say(client, "The last question.");

    assert.match(reply, /^Let me see\.[\s\S]*There\.$/);
    assert.deepEqual(brokenRules(model.requests), []);
    const last = JSON.stringify(model.requests.at(-1)!.body);
    assert.ok(last.includes("The last question.") && last.includes("Let me see."), last.slice(0, 500));
    assert.ok(model.requests.length - before <= 6, `${model.requests.length - before} requests`);
    assert.equal(await say(client, "And now?"), "Hello from the model.");
    assert.match(await say(client, "/compact undo"), /^Taken back: /);
    assert.equal(await say(client, "And now?"), "Hello from the model.");
    assert.deepEqual(brokenRules(model.requests), []);
  });
}

test("for ever: the run ends in words that say what to do, and a new conversation is answered", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  await longTalk(model, (message) => say(client, message));
  model.usual = { kind: "too-long" };

  assert.match(await say(client, "The last question."), /\/compact shortens it, \/new begins anew\.$/);

  model.usual = { kind: "text", text: "Hello again." };
  assert.equal(await say(client, "And now?"), "Hello again.");
  assert.deepEqual(brokenRules(model.requests), []);
});

test("a stop in the middle of a call leaves a conversation that every provider takes", async () => {
  await using model = await fakeAnthropic();
  await using gateway = await testGateway({ config: configFor(model, { api: "anthropic" }) });
  const client = await gateway.connect(ADMIN);
  model.script(
    { kind: "turn", calls: [{ name: "spawn", arguments: { task: "Wait.", wait: true } }, LOOK] },
    { kind: "hang" },
  );
  const asked = [model.next(), model.next()];
  await client.call("chat.send", { sessionKey: "main", message: "Go.", idempotencyKey: "r1" });
  await Promise.all(asked);

  await client.call("chat.abort", { sessionKey: "main" });
  assert.equal((await endOf(client, "r1")).state, "aborted");

  assert.equal(await say(client, "And now?"), "Hello from the model.");
  assert.match(JSON.stringify(model.requests.at(-1)!.body), /This call was cut off/);
  assert.deepEqual(brokenRules(model.requests), []);
});
