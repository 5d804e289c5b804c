import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, saidOf, say } from "./support.ts";

test("Anthropic's key in the environment is enough to have a model answer", async () => {
  await using model = await fakeAnthropic();
  await using gateway = await testGateway({
    config: JSON.stringify({ models: { detectLocal: false } }),
    env: { ANTHROPIC_API_KEY: "sk-ant-0123456789abcdef0123", ANTHROPIC_BASE_URL: model.baseUrl.replace("/v1", "") },
  });
  const client = await admin(gateway);

  const reply = await say(client, "Hi");

  assert.equal(reply, "Hello from the model.");
  assert.equal(model.requests[0]?.headers["x-api-key"], "sk-ant-0123456789abcdef0123");
  assert.equal((await client.call("models.list")).models[0].provider, "anthropic");
});

test("OpenAI's key with another base URL asks that server for chat completions", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({
    config: JSON.stringify({ models: { detectLocal: false }, agents: { defaults: { model: "openai/any" } } }),
    env: { OPENAI_API_KEY: "sk-0123456789abcdef0123", OPENAI_BASE_URL: model.baseUrl },
  });

  const reply = await say(await admin(gateway), "Hi");

  assert.equal(reply, "Hello from the model.");
  assert.deepEqual([model.requests[0]?.path, model.requests[0]?.body.model], ["/v1/chat/completions", "any"]);
});

test("a rejected key is a chat error that names the setting, and stands in the history; the key is in no log line", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "status", status: 401, message: "Incorrect API key: fake-key-123456" });
  await using gateway = await testGateway({ config: configFor(model), verbose: true });
  const client = await admin(gateway);

  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  const end = await endOf(client, "r1");
  const { messages } = await client.call("chat.history", { sessionKey: "main" });

  const errorMessage = "fake rejected the API key; give it another with `moltbot models auth fake`.";
  assert.deepEqual(end, { runId: "r1", sessionKey: "main", seq: end.seq, state: "error", errorMessage });
  assert.deepEqual(
    [messages[1].stopReason, messages[1].errorMessage, messages[1].content],
    ["error", errorMessage, []],
  );
  assert.doesNotMatch(JSON.stringify(gateway.log), /fake-key-123456/);
});

test("a model whose provider has no key says which variable to set", async () => {
  await using gateway = await testGateway({
    config: JSON.stringify({
      models: { detectLocal: false },
      agents: { defaults: { model: "anthropic/claude-sonnet-4-5" } },
    }),
  });

  const reply = await say(await admin(gateway), "Hi");

  assert.equal(reply, "Anthropic has no API key; connect it with `moltbot models auth anthropic`.");
});

test("a 429 that passes is not noticed", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "status", status: 429, message: "slow down", headers: { "retry-after-ms": "20" } });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  assert.equal(await say(client, "Hi"), "Hello from the model.");
  assert.equal(model.requests.length, 2);
});

test("an error in mid-stream ends the run, keeps what was said, and the next message works", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "error", after: "Half ", message: "Overloaded" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const failed = await say(client, "Hi");
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  const next = await say(client, "Again");

  assert.equal(failed, "fake broke the answer off (“Overloaded”); try again.");
  assert.deepEqual([messages[1].content, messages[1].stopReason], [[{ type: "text", text: "Half" }], "error"]);
  assert.equal(next, "Hello from the model.");
});

test("a failed agent run is ok false, with the payload beside the error", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "status", status: 404, message: "model not found" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  client.send({
    type: "req",
    id: "a",
    method: "agent",
    params: { sessionKey: "main", message: "Hi", idempotencyKey: "r1" },
  });
  await client.answerTo("a");
  const { ok, payload, error } = await client.answerTo("a");

  const summary =
    'fake has no model "fake-model" (“model not found”); choose another with /model or agents.defaults.model.';
  assert.deepEqual(
    { ok, payload, error },
    { ok: false, payload: { runId: "r1", status: "error", summary }, error: { code: "UNAVAILABLE", message: summary } },
  );
  assert.equal(saidOf(client, "agent", "r1").at(-1).data.error, summary);
});

test("a refusal without a word is an error that says so", async () => {
  await using model = await fakeAnthropic();
  model.script({ kind: "refusal", text: "" });
  await using gateway = await testGateway({ config: configFor(model, { api: "anthropic" }) });

  assert.equal(await say(await admin(gateway), "Hi"), "fake/fake-model refused to answer; ask differently.");
});

test("tokens of runs add up in the session's row, with the model that answered", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  await say(client, "Hi");
  await say(client, "Hi");
  const { sessions, defaults } = await client.call("sessions.list", {
    includeLastMessage: true,
    includeDerivedTitles: true,
  });

  const [{ updatedAt, sessionId, ...row }] = sessions;
  assert.deepEqual(row, {
    key: "agent:main:main",
    kind: "direct",
    derivedTitle: "Hi",
    lastMessagePreview: "Hello from the model.",
    inputTokens: 14,
    outputTokens: 8,
    totalTokens: 11,
    modelProvider: "fake",
    model: "fake-model",
  });
  assert.deepEqual(defaults, { modelProvider: "fake", model: "fake-model", contextTokens: null });
});

test("a session's own model answers there and nowhere else", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const patched = await client.call("sessions.patch", { key: "side", model: "fake/other" });
  const unknown = await client.request("sessions.patch", { key: "side", model: "nowhere/x" });
  await say(client, "Hi", "side");
  await say(client, "Hi");

  assert.deepEqual([patched.entry.modelProvider, patched.entry.model], ["fake", "other"]);
  assert.match(unknown.error?.message ?? "", /^No model provider is called "nowhere"/);
  assert.deepEqual(
    model.requests.map(({ body }) => body.model),
    ["other", "fake-model"],
  );
});

test("the model is told the agent's name, the day and the session, and what a caller adds", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({
    config: configFor(model, { agents: { list: [{ id: "main", identity: { name: "Ada" } }] } }),
  });
  const client = await admin(gateway);

  await client.call("agent", { sessionKey: "main", message: "Hi", extraSystemPrompt: "Rhyme.", idempotencyKey: "r1" });
  await endOf(client, "r1");

  const [system] = model.requests[0]!.body.messages as { role: string; content: string }[];
  assert.equal(system?.role, "system");
  assert.match(
    system?.content ?? "",
    /^You are Ada, .*Today is .*Agent: main\. Session: agent:main:main\.\n.*your owner.*\n\nRhyme\.\n\n# Whose words these are\n/s,
  );
});

test("deleting a session waits for its run", async () => {
  await using model = await fakeOpenAI();
  const hold = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["a", "b"], hold: hold.promise });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "side", message: "Hi", idempotencyKey: "r1" });
  await asked;

  const deleting = client.call("sessions.delete", { key: "side" });
  await client.call("last-heartbeat");
  hold.resolve();

  assert.deepEqual(await deleting, { ok: true, key: "agent:main:side", deleted: true, archived: [] });
  assert.deepEqual((await client.call("sessions.search", { query: "Hi" })).matches, []);
});
