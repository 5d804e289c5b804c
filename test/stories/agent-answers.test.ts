// What becomes of answers that are none, cut, refused or thought aloud: what people see, what the conversation keeps, and
// what the model is shown of it afterwards.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configFor, saidOf, say, transcriptOf } from "../agent/support.ts";
import { pricedConfig } from "../agent/usage-support.ts";
import type { ModelServer, Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { brokenRules } from "./provider-rules.ts";

const ADMIN = { scopes: ["operator.admin"], caps: ["tool-events"] };
const DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const BROKEN = Buffer.concat([Buffer.from(DOT, "base64").subarray(0, 8), Buffer.alloc(52, 7)]).toString("base64");

const text = (said: string): Script => ({ kind: "text", text: said });
const lastAsked = (model: ModelServer) => JSON.stringify(model.requests.at(-1)?.body.messages);

describe("answers that are none", () => {
  test("go to the fallback, which says so, and without one they end in an error that everyone sees", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeOpenAI();
    const config = JSON.parse(configFor(first)) as {
      agents: { defaults: object };
      models: { providers: Record<string, object> };
    };
    config.models.providers.other = { ...config.models.providers.fake, baseUrl: second.baseUrl };
    config.agents.defaults = { model: { primary: "fake/fake-model", fallbacks: ["other/fake-model"] } };
    await using gateway = await testGateway({ config: JSON.stringify(config) });
    const client = await gateway.connect(ADMIN);
    const nothing: Script = { kind: "turn", reasoning: "Hm." };
    first.script(nothing, nothing, nothing, nothing);
    second.usual = text("I do.");

    const answered = await say(client, "Who answers?");
    second.usual = nothing;
    const unanswered = await say(client, "And now?");

    assert.equal(
      answered,
      "_fake/fake-model did not answer (it gave no answer); other/fake-model answers instead._\n\nI do.",
    );
    assert.match(unanswered, /^No model answered\. .*other\/fake-model ended without an answer/);
  });

  test("are counted, and the thoughts of the first attempt are no part of the answer", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    const usage = { input: 10, output: 10 };
    model.script({ kind: "turn", reasoning: "Lost thought.", usage }, { kind: "turn", text: "Here.", usage });

    const said = await say(client, "Hi.");
    const { totals } = await client.call("usage.cost", {});
    const { messages } = await client.call("chat.history", { sessionKey: "main" });

    assert.equal(said, "Here.");
    assert.ok(!JSON.stringify(messages).includes("Lost thought"), JSON.stringify(messages));
    assert.equal(totals.totalTokens, 40);
  });

  test("the agreed silent word is silence", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script(text("NO_REPLY"));

    assert.equal(await say(client, "Say nothing."), "");
    assert.equal(model.requests.length, 1);
  });
});

describe("answers that are cut off", () => {
  test("are shown with a line that says how to go on, which the model is not shown", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script({ kind: "turn", text: "The first half", isCutOff: true });

    const said = await say(client, "Tell me all.");
    await say(client, "go on");

    const line = "The answer is cut off here: fake/fake-model reached its limit. Say “go on” for the rest.";
    assert.equal(said, `The first half\n\n_${line}_`);
    assert.match(lastAsked(model), /The first half/);
    assert.doesNotMatch(lastAsked(model), /cut off here/);
  });
});

describe("thoughts and calls in the text", () => {
  test("thoughts whose beginning is not marked are taken back from those who watch", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    const { promise: hold, resolve } = Promise.withResolvers<void>();
    model.script({ kind: "text", text: ["The plan is secret. ", "</think>\n\n", "Hello!"], hold });
    const runId = crypto.randomUUID();
    await client.call("chat.send", { sessionKey: "main", message: "Hi.", idempotencyKey: runId });
    resolve();
    const { status } = await client.call("agent.wait", { runId, timeoutMs: 9_000 });

    const [last] = saidOf(client, "agent", runId)
      .filter(({ stream }) => stream === "assistant")
      .slice(-1);
    assert.equal(status, "ok");
    assert.equal(last?.data.text, "Hello!");
    assert.deepEqual(await transcriptOf(client), ["user: Hi.", "assistant: Hello!"]);
    await say(client, "Again.");
    assert.doesNotMatch(lastAsked(model), /The plan is secret/);
  });

  test("a call that is written as text runs, and the conversation keeps it as any other", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await gateway.connect(ADMIN);
    model.script(text('I look.\n<tool_call>{"name": "sessions_list", "arguments": {}}</tool_call>'));

    const said = await say(client, "Look.");

    assert.equal(said, "I look.\n\nHello from the model.");
    const messages = model.requests.at(-1)!.body.messages as { role: string; tool_calls?: unknown[] }[];
    assert.deepEqual(
      messages.slice(-2).map(({ role, tool_calls }) => [role, tool_calls?.length]),
      [
        ["assistant", 1],
        ["tool", undefined],
      ],
    );
    assert.deepEqual(brokenRules(model.requests), []);
  });
});

describe("summaries that are none", () => {
  const summaries: Record<string, readonly Script[]> = {
    "cut off": [{ kind: "turn", text: "Ada lik", isCutOff: true }],
    refused: [{ kind: "refusal", text: "I cannot sum this up." }],
    "thoughts only": [text("<think>Ada likes blue."), text("<think>Ada likes blue.")],
    "thought aloud": [text("Okay, let me summarize this conversation. First, Ada says that she likes blue.")],
    "a call": [text('<tool_call>{"name": "exec"}</tool_call>'), text('<tool_call>{"name": "exec"}</tool_call>')],
  };
  for (const [what, scripts] of Object.entries(summaries)) {
    test(`${what}: the conversation stays as it was, and the person is told`, async () => {
      await using model = await fakeOpenAI();
      await using gateway = await testGateway({ config: pricedConfig(model) });
      const client = await gateway.connect(ADMIN);
      for (const message of ["I am Ada.", "I like blue."]) await say(client, message);
      model.script(...scripts);

      const said = await say(client, "/compact");
      await say(client, "What do I like?");

      assert.doesNotMatch(said, /^The model sees a summary/);
      assert.match(said, /summar|ended without an answer/);
      assert.match(lastAsked(model), /I am Ada\..*I like blue\./);
      assert.doesNotMatch(lastAsked(model), /summary of what was said/);
    });
  }

  test("thoughts between marks are left out of a good one", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: pricedConfig(model) });
    const client = await gateway.connect(ADMIN);
    for (const message of ["I am Ada.", "I like blue."]) await say(client, message);
    model.script(text("<think>What matters?</think>Ada likes blue."));

    await say(client, "/compact");
    await say(client, "What do I like?");

    assert.match(lastAsked(model), /Ada likes blue\./);
    assert.doesNotMatch(lastAsked(model), /What matters/);
  });
});

describe("pictures that cannot be shown", () => {
  const send = async (gateway: Awaited<ReturnType<typeof testGateway>>, content: string) => {
    const client = await gateway.connect(ADMIN);
    const idempotencyKey = crypto.randomUUID();
    const attachments = [{ fileName: "a.png", mimeType: "image/png", content }];
    await client.call("chat.send", { sessionKey: "main", message: "Look.", idempotencyKey, attachments });
    const { status } = await client.call("agent.wait", { runId: idempotencyKey, timeoutMs: 9_000 });
    return { client, status };
  };

  test("a broken one is a note from the first", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });

    const { status } = await send(gateway, BROKEN);

    assert.deepEqual([status, model.requests.length], ["ok", 1]);
    assert.match(lastAsked(model), /A picture that cannot be shown: its PNG file is broken/);
    assert.doesNotMatch(lastAsked(model), /image_url/);
  });

  for (const message of ["Could not process image", "You uploaded an unsupported image.", "invalid request"]) {
    test(`one that the provider refuses (“${message}”) is replaced, and the conversation lives on`, async () => {
      await using model = await fakeOpenAI();
      await using gateway = await testGateway({ config: configFor(model) });
      model.script({ kind: "status", status: 400, message });

      const { client, status } = await send(gateway, DOT);
      const next = await say(client, "And now?");

      assert.deepEqual([status, next, model.requests.length], ["ok", "Hello from the model.", 3]);
      assert.match(JSON.stringify(model.requests[0]!.body), /image_url/);
      assert.match(JSON.stringify(model.requests[1]!.body), /the provider of this model refused/);
      assert.doesNotMatch(lastAsked(model), /image_url/);
    });
  }

  test("an error that has nothing to do with the picture is told, and the picture is shown again", async () => {
    await using model = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(model) });
    const wrong: Script = { kind: "status", status: 400, message: "invalid temperature" };
    model.script(wrong, wrong);

    const { client, status } = await send(gateway, DOT);
    await say(client, "And now?");

    assert.equal(status, "error");
    assert.match(lastAsked(model), /image_url/);
  });
});
