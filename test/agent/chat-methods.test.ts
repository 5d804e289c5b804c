import "../support/replayed.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, gatewayWithoutModel, saidOf, say, transcriptOf } from "./support.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("a message is started, answered in chat events, and stands in the history with its key", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const started = await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  const { message } = await endOf(client, "r1");
  const history = await client.call("chat.history", { sessionKey: "main" });

  assert.deepEqual(started, { runId: "r1", status: "started" });
  const [question, answer] = history.messages;
  assert.deepEqual(history, {
    sessionKey: "main",
    sessionId: history.sessionId,
    messages: [
      {
        id: question.id,
        role: "user",
        content: [{ type: "text", text: "Hi" }],
        timestamp: question.timestamp,
        idempotencyKey: "r1",
        runId: "r1",
      },
      message,
    ],
    thinkingLevel: "off",
  });
  assert.equal(answer.content[0].text, "Hello from the model.");
});

test("the history of an unknown session is empty", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const history = await client.call("chat.history", { sessionKey: "nowhere" });

  assert.deepEqual(history, { sessionKey: "nowhere", messages: [], thinkingLevel: "off" });
});

test("a duplicate is in flight while the run works, and ok when it is over, also after a restart", async () => {
  await using model = await fakeOpenAI();
  const hold = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["a", "b"], hold: hold.promise });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const params = { sessionKey: "main", message: "Hi", idempotencyKey: "r1" };

  const first = client.request("chat.send", params);
  const second = client.request("chat.send", params);
  const statuses = [(await first).payload.status, (await second).payload.status];
  hold.resolve();
  await endOf(client, "r1");
  statuses.push((await client.call("chat.send", params)).status);
  await gateway.stop();
  await gateway.start();
  const later = await admin(gateway);
  statuses.push((await later.call("chat.send", params)).status);

  assert.deepEqual(statuses, ["started", "in_flight", "ok", "ok"]);
  assert.deepEqual(await transcriptOf(later), ["user: Hi", "assistant: ab"]);
});

test("a duplicate of a failed run gets its failure, with the payload beside it", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "status", status: 401, message: "no" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const params = { sessionKey: "main", message: "Hi", idempotencyKey: "r1" };
  await client.call("chat.send", params);
  await endOf(client, "r1");

  const { ok, payload, error } = await client.request("chat.send", params);

  const summary = "fake rejected the API key; give it another with `moltbot models auth fake`.";
  assert.deepEqual(
    { ok, payload, error },
    { ok: false, payload: { runId: "r1", status: "error", summary }, error: { code: "UNAVAILABLE", message: summary } },
  );
});

test("an empty message needs an attachment", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { error } = await client.request("chat.send", { sessionKey: "main", message: "", idempotencyKey: "r1" });

  assert.deepEqual(error, { code: "INVALID_REQUEST", message: "message or attachment required" });
});

test("pictures reach the model and the history; text files become part of the message; others are named", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const attachments = [
    { fileName: "dot.png", mimeType: "image/jpeg", content: `data:image/jpeg;base64,${PNG}` },
    { fileName: "todo.txt", mimeType: "text/plain", content: Buffer.from("milk").toString("base64") },
    { fileName: "a.zip", mimeType: "application/zip", content: Buffer.from("PK\x03\x04..").toString("base64") },
    { fileName: "no content" },
  ];

  await client.call("chat.send", { sessionKey: "main", message: "", attachments, idempotencyKey: "r1" });
  await endOf(client, "r1");

  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(messages[0].content, [
    { type: "image", mimeType: "image/png", fileName: "dot.png", sizeBytes: 70, data: PNG },
    { type: "text", text: "[file todo.txt]\nmilk" },
    {
      type: "text",
      text:
        "[file a.zip]\n[This file is an archive or an office document (it was said to be application/zip) and cannot be " +
        "read. Tell the person; pictures, text files and PDFs with text can be read.]",
    },
  ]);
  const [shown, file, zip] = (model.requests[0]!.body.messages as { content: { text?: string }[] }[])[1]!.content;
  assert.deepEqual(shown, { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } });
  assert.match(file!.text!, /\| milk/);
  assert.match(zip?.text ?? file!.text!, /and cannot be read/);
});

test("messages are normalised and lose control characters; NUL is refused", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const nul = await client.request("chat.send", { sessionKey: "main", message: "a\u0000b", idempotencyKey: "r0" });
  await say(client, "Cafe\u0301\u0007\tbar\r\nend\u001b[31m");

  assert.equal(nul.error?.message, "message must not contain NUL characters");
  assert.equal((await transcriptOf(client))[0], "user: Café\tbar\nend[31m");
});

for (const word of ["/stop", "STOP ", "esc", "abort", "wait", "exit", "interrupt"]) {
  test(`"${word}" stops the replies under way instead of asking for one`, async () => {
    await using model = await fakeOpenAI();
    model.script({ kind: "hang", after: "Half " });
    await using gateway = await testGateway({ config: configFor(model) });
    const client = await admin(gateway);
    const asked = model.next();
    await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
    const { left } = await asked;

    const stopped = await client.call("chat.send", { sessionKey: "main", message: word, idempotencyKey: "r2" });

    const end = await endOf(client, "r1");
    assert.deepEqual(stopped, { ok: true, aborted: true, runIds: ["r1"] });
    assert.deepEqual([end.state, end.stopReason], ["aborted", "stop"]);
    assert.equal(await left, true);
  });
}

test("a stop word with nothing under way says so and leaves no message", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const stopped = await client.call("chat.send", { sessionKey: "main", message: "stop", idempotencyKey: "r1" });

  assert.deepEqual(stopped, { ok: true, aborted: false, runIds: [] });
  assert.deepEqual(await transcriptOf(client), []);
});

test("aborting closes the model's request, keeps what was said, and is the last chat event", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang", after: "Half an answer" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  const { left } = await asked;
  await client.nextOf("chat");

  const aborted = await client.call("chat.abort", { sessionKey: "main", runId: "r1" });
  const end = await endOf(client, "r1");
  await client.call("chat.send", { sessionKey: "main", message: "/version", idempotencyKey: "r2" });
  await endOf(client, "r2");

  assert.deepEqual(aborted, { ok: true, aborted: true, runIds: ["r1"] });
  assert.equal(await left, true);
  assert.deepEqual([end.state, end.stopReason, end.message.content[0].text], ["aborted", "rpc", "Half an answer"]);
  assert.equal(saidOf(client, "chat", "r1").at(-1), end);
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual([messages[1].content[0].text, messages[1].stopReason], ["Half an answer", "aborted"]);
});

test("abort knows a run by the exact spelling of its key", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });

  const canonical = await client.call("chat.abort", { sessionKey: "agent:main:main" });
  const mismatch = await client.request("chat.abort", { sessionKey: "agent:main:main", runId: "r1" });
  const unknown = await client.call("chat.abort", { sessionKey: "main", runId: "nope" });
  const right = await client.call("chat.abort", { sessionKey: "main" });

  assert.deepEqual(canonical, { ok: true, aborted: false, runIds: [] });
  assert.equal(mismatch.error?.message, "runId does not match sessionKey");
  assert.deepEqual(unknown, { ok: true, aborted: false, runIds: [] });
  assert.deepEqual(right, { ok: true, aborted: true, runIds: ["r1"] });
});

test("a message is stopped before its run begins, and stays in the conversation", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const sent = client.request("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  const misspelled = client.request("chat.abort", { sessionKey: "agent:main:main", runId: "r1" });
  const stopped = client.request("chat.abort", { sessionKey: "main", runId: "r1" });
  const end = await endOf(client, "r1");

  assert.deepEqual((await sent).payload, { runId: "r1", status: "started" });
  assert.equal((await misspelled).error?.message, "runId does not match sessionKey");
  assert.deepEqual((await stopped).payload, { ok: true, aborted: true, runIds: ["r1"] });
  assert.deepEqual([end.state, end.stopReason], ["aborted", "rpc"]);
  assert.equal((await transcriptOf(client))[0], "user: Hi");
});

test("a stop word stops the message that arrives before it, and names itself nowhere", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  void client.request("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  const stopped = client.request("chat.send", { sessionKey: "main", message: "stop", idempotencyKey: "r2" });

  assert.equal((await endOf(client, "r1")).stopReason, "stop");
  assert.deepEqual((await stopped).payload, { ok: true, aborted: true, runIds: ["r1"] });
});

test("runs of the agent method cannot be aborted as chat", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  await client.call("agent", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });

  const aborted = await client.call("chat.abort", { sessionKey: "main" });

  assert.deepEqual(aborted, { ok: true, aborted: false, runIds: [] });
});

test("a run that reaches its time limit is aborted with that reason", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang", after: "Half " });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const asked = model.next();

  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1", timeoutMs: 100 });
  const end = await endOf(client, "r1");

  assert.deepEqual([end.state, end.stopReason], ["aborted", "timeout"]);
  assert.equal(await (await asked).left, true);
  const outcome = await client.call("agent.wait", { runId: "r1" });
  assert.deepEqual([outcome.status, outcome.error], ["error", "the run reached its time limit and was stopped"]);
});

test("an injected message is told as final with sequence 0 and stands in the history", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  await say(client, "version");

  const { ok, messageId } = await client.call("chat.inject", { sessionKey: "main", message: "Dinner!", label: "Cook" });
  const event = await endOf(client, `inject-${messageId}`);

  assert.equal(ok, true);
  assert.match(messageId, /^[0-9a-f]{8}$/);
  assert.deepEqual(
    [event.seq, event.state, event.message.content[0].text, event.message.stopReason],
    [0, "final", "[Cook]\n\nDinner!", "injected"],
  );
  assert.equal((await transcriptOf(client)).at(-1), "assistant: [Cook]\n\nDinner!");
});

test("injecting into an unknown session is refused", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { error } = await client.request("chat.inject", { sessionKey: "nowhere", message: "x" });

  assert.deepEqual(error, { code: "INVALID_REQUEST", message: "session not found" });
});

test("a reply to a slash command is one final event with sequence 1, and no run for those who watch", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  await client.call("chat.send", { sessionKey: "main", message: "/version", idempotencyKey: "r1" });
  const end = await endOf(client, "r1");

  assert.deepEqual(saidOf(client, "agent", "r1"), []);
  assert.deepEqual(saidOf(client, "chat", "r1"), [end]);
  assert.deepEqual(
    [end.seq, end.state, end.message.stopReason, end.usage],
    [1, "final", "injected", { input: 0, output: 0, totalTokens: 0 }],
  );
  assert.equal(model.requests.length, 0);
});

test("thinking is asked for as the message, the param or the session says", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  await say(client, "/think low What is 1 + 1?");
  await client.call("chat.send", { sessionKey: "main", message: "And 2 + 2?", thinking: "high", idempotencyKey: "r2" });
  await endOf(client, "r2");
  const answer = await say(client, "/think medium");
  await say(client, "And 3 + 3?");

  assert.deepEqual(
    model.requests.map(({ body }) => body.reasoning_effort),
    ["low", "high", "medium"],
  );
  assert.equal(answer, "Thinking level set to medium.");
  assert.equal((await transcriptOf(client))[0], "user: What is 1 + 1?");
  assert.equal((await client.call("chat.history", { sessionKey: "main" })).thinkingLevel, "medium");
});
