// Models that misbehave: whatever one writes, the run ends once, the next message is answered, and nothing of it stays
// in the conversation that a provider would refuse from then on.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configFor, endOf, saidOf, say } from "../agent/support.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import type { ModelServer, Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { brokenRules } from "./provider-rules.ts";

/** Answers one message by the script and another in the usual way; returns what was told, and which rules were broken. */
async function afterOdd(model: ModelServer, scripts: readonly Script[], api = "openai-compatible") {
  await using gateway = await testGateway({ config: configFor(model, { api }) });
  const client = await gateway.connect({ scopes: ["operator.admin"], caps: ["tool-events"] });
  model.script(...scripts);
  const first = await say(client, "Do it.");
  const second = await say(client, "And now?");
  return { first, second, broken: brokenRules(model.requests) };
}

const GOOD = { first: "Hello from the model.", second: "Hello from the model.", broken: [] };

describe("models that misbehave", () => {
  const oddCalls = {
    "arguments that are not JSON": { name: "sessions_list", raw: '{"limit": ' },
    "arguments that are a string": { name: "sessions_list", raw: '"all"' },
    "arguments that are a list": { name: "sessions_list", raw: "[1]" },
    "arguments that are null": { name: "sessions_list", raw: "null" },
    "a name that no provider allows": { name: "functions.list everything!", arguments: {} },
    "a name that is far too long": { name: "x".repeat(5_000), arguments: {} },
    "half a character in its arguments": { name: "sessions_list", raw: '{"limit": "\\ud83d"}' },
    "arguments nested ten thousand deep": {
      name: "sessions_list",
      raw: `{"limit": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
    },
  };
  for (const [what, call] of Object.entries(oddCalls)) {
    for (const [api, fake] of [
      ["openai-compatible", fakeOpenAI],
      ["anthropic", fakeAnthropic],
    ] as const) {
      test(`a call with ${what} is told to the model and stays harmless (${api})`, async () => {
        await using model = await fake();

        assert.deepEqual(await afterOdd(model, [{ kind: "turn", calls: [call] }], api), GOOD);
      });
    }
  }

  test("calls of one turn that share an id are all answered", async () => {
    await using model = await fakeOpenAI();
    const call = { id: "same", name: "sessions_list" };

    assert.deepEqual(await afterOdd(model, [{ kind: "turn", calls: [call, call, call] }]), GOOD);
  });

  test("ids that come again in every reply are told apart", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect({ scopes: ["operator.admin"] });
    for (const _run of [1, 2, 3]) {
      model.script({ kind: "turn", calls: [{ id: "call_0", name: "sessions_list" }] });
      await say(client, "Look.");
    }

    assert.deepEqual(brokenRules(model.requests), []);
  });

  test("blank text before a call is not given back", async () => {
    await using model = await fakeAnthropic();
    const turn: Script = { kind: "turn", text: "\n\n", calls: [{ name: "sessions_list" }] };

    assert.deepEqual(await afterOdd(model, [turn], "anthropic"), GOOD);
  });

  test("half a character in a reply is whole again in the next question", async () => {
    await using model = await fakeOpenAI();

    const { second, broken } = await afterOdd(model, [{ kind: "text", text: "cut \ud83d" }]);

    assert.deepEqual([second, broken], [GOOD.second, []]);
  });

  test("a thousand calls in one turn are all answered, and the conversation goes on", async () => {
    await using model = await fakeOpenAI();
    const calls = Array.from({ length: 1_000 }, (_, n) => ({ id: `call_${n}`, name: "sessions_list" }));

    assert.deepEqual(await afterOdd(model, [{ kind: "turn", calls }]), GOOD);
  });

  test("a run of a thousand calls knows after a restart what it was asked", async () => {
    await using model = await fakeOpenAI();
    const config = JSON.parse(configFor(model)) as { models: { providers: { fake: object } } };
    config.models.providers.fake = {
      ...config.models.providers.fake,
      models: [{ id: "fake-model", contextWindow: 1e6 }],
    };
    await using gateway = await testGateway({ config: JSON.stringify(config) });
    const calls = Array.from({ length: 1_000 }, (_, n) => ({ id: `call_${n}`, name: "sessions_list" }));
    model.script({ kind: "turn", calls }, { kind: "hang" });
    const asked = [model.next(), model.next()];
    const before = await gateway.connect({ scopes: ["operator.admin"] });
    await before.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "r1" });
    await Promise.all(asked);

    await gateway.stop();
    await gateway.start();
    const after = await gateway.connect({ scopes: ["operator.admin"] });
    const { status } = await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

    assert.equal(status, "ok");
    assert.deepEqual(model.requests[2]!.body.messages, model.requests[1]!.body.messages);
  });

  test("an answer that does not end is stopped, and says so", async () => {
    await using model = await fakeOpenAI();
    const script: Script = { kind: "trickle", text: "again and ".repeat(10_000), gapMs: 1 };

    const { first, second } = await afterOdd(model, [script]);

    assert.match(first, /its answer did not end after 1,000,000 characters\.$/);
    assert.equal(second, GOOD.second);
  });

  test("large arguments do not flood whoever watches", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect({ scopes: ["operator.admin"], caps: ["tool-events"], protocol: 4 });
    model.script({ kind: "turn", calls: [{ name: "write", arguments: { path: "a.txt", content: "x".repeat(9e5) } }] });

    await client.call("chat.send", { sessionKey: "main", message: "Write.", idempotencyKey: "big" });
    await endOf(client, "big");
    const largest = Math.max(...saidOf(client, "agent", "big").map((payload) => JSON.stringify(payload).length));

    assert.ok(largest < 100_000, `an event of ${largest} characters`);
    assert.equal(await say(client, "And now?"), "Hello from the model.");
    assert.deepEqual(brokenRules(model.requests), []);
  });
});
