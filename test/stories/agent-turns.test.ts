// Long runs: what is said to them, who answers in whose place, and how they end.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configFor, say, transcriptOf } from "../agent/support.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { brokenRules } from "./provider-rules.ts";
import { ask, heldTurn } from "./story.ts";

const ADMIN = { scopes: ["operator.admin"] };
const LOOK = { name: "sessions_list" };

/** Two providers of different kinds; `first` answers, `second` stands in for it. */
function twoModels(first: ModelServer, second: ModelServer): string {
  const provider = (api: string, { baseUrl }: ModelServer) => ({ api, baseUrl, apiKey: `key-of-${api}` });
  return JSON.stringify({
    agents: { defaults: { model: { primary: "claude/fake-model", fallbacks: ["gpt/fake-model"] } } },
    models: {
      detectLocal: false,
      providers: { claude: provider("anthropic", first), gpt: provider("openai-compatible", second) },
    },
  });
}

describe("steering", () => {
  test("what is said while the last turn that a run may take is under way gets an answer of its own", async () => {
    await using model = await fakeOpenAI();
    const config = {
      ...JSON.parse(configFor(model, { defaults: { maxTurns: 1 } })),
      messages: { queue: { mode: "steer" } },
    };
    await using gateway = await testGateway({ config: JSON.stringify(config) });
    const client = await gateway.connect(ADMIN);
    const turn = heldTurn(model, { calls: [LOOK] });
    const first = ask(client, "Look.", "r1");
    await turn.asked;

    const second = ask(client, "And tell me a joke.", "r2");
    await second.sent;
    turn.release();

    assert.match(await first.reply, /^_Stopped after 1 turns; say “go on” to continue\._$/);
    assert.equal(await second.reply, "Hello from the model.");
    assert.deepEqual(brokenRules(model.requests), []);
  });

  test("what is said to a run that fails is answered all the same", async () => {
    await using model = await fakeOpenAI();
    const config = { ...JSON.parse(configFor(model)), messages: { queue: { mode: "steer" } } };
    await using gateway = await testGateway({ config: JSON.stringify(config) });
    const client = await gateway.connect(ADMIN);
    const turn = heldTurn(model, { calls: [LOOK] });
    model.script({ kind: "status", status: 400, message: "no" });
    const first = ask(client, "Look.", "r1");
    await turn.asked;
    const second = ask(client, "And tell me a joke.", "r2");
    await second.sent;
    const third = ask(client, "A short one.", "r3");
    await third.sent;

    await client.call("chat.abort", { sessionKey: "main", runId: "r1" });
    turn.release();

    assert.equal(await first.reply, "");
    await Promise.all([second.reply, third.reply]);
    const asked = JSON.stringify(model.requests.at(-1)!.body.messages);
    assert.ok(asked.includes("And tell me a joke.") && asked.includes("A short one."), asked);
    assert.deepEqual(brokenRules(model.requests), []);
  });
});

describe("another model", () => {
  test("goes on where the first one failed between two turns, with its calls and without its thoughts", async () => {
    await using first = await fakeAnthropic();
    await using second = await fakeOpenAI();
    await using gateway = await testGateway({ config: twoModels(first, second) });
    const client = await gateway.connect(ADMIN);
    first.script(
      { kind: "turn", reasoning: "I must look.", text: "Looking.", calls: [LOOK, LOOK] },
      { kind: "status", status: 401, message: "no" },
    );
    second.script({ kind: "turn", reasoning: "Hm.", calls: [LOOK] }, { kind: "text", text: "There." });

    const reply = await say(client, "Look.");

    assert.match(reply, /^Looking\.\n\n_claude\/fake-model did not answer \(its API key was rejected\).*_\n\nThere\.$/);
    assert.deepEqual([brokenRules(first.requests), brokenRules(second.requests)], [[], []]);
    assert.ok(!JSON.stringify(second.requests[0]!.body).includes("I must look"));
  });

  test("the first one comes back in the next message and takes the other's calls, without its thoughts", async () => {
    await using first = await fakeAnthropic();
    await using second = await fakeOpenAI();
    await using gateway = await testGateway({ config: twoModels(first, second) });
    const client = await gateway.connect(ADMIN);
    first.script({ kind: "status", status: 401, message: "no" });
    second.script(
      {
        kind: "turn",
        reasoning: "Secret of the other.",
        calls: [{ ...LOOK, id: "functions.look:0/with a long id that goes on and on" }],
      },
      { kind: "text", text: "There." },
    );
    await say(client, "Look.");

    first.script({ kind: "turn", reasoning: "Mine.", signature: "sig-1", calls: [LOOK] });
    assert.equal(await say(client, "Again."), "Hello from the model.");
    assert.equal(await say(client, "Once more."), "Hello from the model.");

    assert.deepEqual([brokenRules(first.requests), brokenRules(second.requests)], [[], []]);
    assert.ok(!JSON.stringify(first.requests.map(({ body }) => body)).includes("Secret of the other"));
    assert.ok(JSON.stringify(first.requests.at(-1)!.body).includes("sig-1"));
  });
});

describe("how runs end", () => {
  test("a reply of nothing, and again nothing, is an error that says so, and no part of the conversation", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script({ kind: "turn" }, { kind: "turn" });

    assert.match(await say(client, "Hi."), /^fake\/fake-model ended without an answer; /);
    assert.equal(await say(client, "Hi?"), "Hello from the model.");
    assert.deepEqual(brokenRules(model.requests), []);
  });

  test("an answer that was used up by thinking says so", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script({ kind: "turn", reasoning: "Hm, hm, hm.", isCutOff: true });

    assert.match(await say(client, "Hi."), /^fake\/fake-model used up its answer before it said anything; /);
    assert.equal(await say(client, "Hi?"), "Hello from the model.");
  });

  test("an error in the middle of a reply that has announced a call makes no call", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script({ kind: "error", after: "Let me", message: "overloaded" });

    assert.match(await say(client, "Hi."), /^Let me|overloaded/);
    assert.equal(await say(client, "Hi?"), "Hello from the model.");
    assert.deepEqual(brokenRules(model.requests), []);
    assert.equal((await transcriptOf(client)).length, 4);
  });
});
