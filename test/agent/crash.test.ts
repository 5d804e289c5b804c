import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { KillableGateway, killableOver } from "./killable-gateway.ts";
import { endOf, transcriptOf } from "./support.ts";

test("messages that were acknowledged before kill -9 are answered after the next start, each once and in order", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = killableOver(model, { messages: { queue: { mode: "followup" } } });
  const before = await gateway.start();
  const asked = model.next();
  for (const n of [1, 2, 3])
    await before.call("chat.send", { sessionKey: "main", message: `question ${n}`, idempotencyKey: `r${n}` });
  await asked;

  await gateway.kill();
  const after = await gateway.start();
  const outcomes = [];
  for (const n of [1, 2, 3]) outcomes.push(await after.call("agent.wait", { runId: `r${n}`, timeoutMs: 9_000 }));
  const repeated = await after.call("chat.send", { sessionKey: "main", message: "question 1", idempotencyKey: "r1" });

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["ok", "ok", "ok"],
  );
  assert.deepEqual(repeated, { runId: "r1", status: "ok" });
  assert.deepEqual((await transcriptOf(after)).toSorted(), [
    ...Array.from({ length: 3 }, () => "assistant: Hello from the model."),
    ...[1, 2, 3].map((n) => `user: question ${n}`),
  ]);
});

/** Sizes of a request: a few words, a page, and nearly all that one frame may hold (25 MiB; files 5 MB each, as base64). */
const SIZES: readonly [what: string, chars: number, files: number][] = [
  ["of a few words", 10, 0],
  ["with a picture", 10_000, 1],
  ["nearly as large as a frame may be", 900_000, 3],
];
const FILE_BYTES = 4_900_000;
/** The smallest whole picture; what stands behind its end belongs to the file. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

for (const [what, chars, files] of SIZES) {
  test(`a message ${what} is answered once, whole, when kill -9 comes right after its acknowledgement`, async () => {
    await using model = await fakeOpenAI();
    await using gateway = killableOver(model);
    const before = await gateway.start();
    const message = "word ".repeat(chars / 5).trim();
    const content = Buffer.concat([png, randomBytes(FILE_BYTES)]).toString("base64");
    const attachments = Array.from({ length: files }, (_, index) => ({
      ...{ type: "image", mimeType: "image/png", fileName: `${index}.png`, content },
    }));

    const acknowledged = await before.call("chat.send", {
      ...{ sessionKey: "main", message, idempotencyKey: "r1", attachments },
    });
    await gateway.kill();
    const after = await gateway.start();
    const { status } = await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

    assert.deepEqual([acknowledged, status], [{ runId: "r1", status: "started" }, "ok"]);
    const { messages } = await after.call("chat.history", { sessionKey: "main" });
    const shown = messages.map(
      ({ role, content: parts }: { role: string; content: { text?: string; sizeBytes?: number }[] }) => [
        role,
        ...parts.map(({ text, sizeBytes }) => text ?? sizeBytes),
      ],
    );
    const sizes = Array.from({ length: files }, () => png.length + FILE_BYTES);
    assert.deepEqual(shown, [
      ["user", message, ...sizes],
      ["assistant", "Hello from the model."],
    ]);
  });
}

test("a reply that kill -9 cut off is given again from the start, under the same run", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang", after: "Half a rep" });
  await using gateway = killableOver(model);
  const before = await gateway.start();
  const id = "agent-1";
  before.send({
    type: "req",
    id,
    method: "agent",
    params: { sessionKey: "main", message: "Hi", idempotencyKey: "r1" },
  });
  const accepted = await before.answerTo(id);
  await before.nextOf("chat");

  await gateway.kill();
  const after = await gateway.start();
  after.send({ type: "req", id, method: "agent", params: { sessionKey: "main", message: "Hi", idempotencyKey: "r1" } });
  const again = await after.answerTo(id);
  const final = await after.answerTo(id);

  assert.deepEqual(again.payload, accepted.payload);
  assert.equal(final.payload.result.payloads[0].text, "Hello from the model.");
  assert.deepEqual(await transcriptOf(after), ["user: Hi", "assistant: Hello from the model."]);
});

test("killed between two turns: the run goes on with what its tools have answered, and says everything once", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "turn", text: "Let me look.", calls: [{ name: "sessions_list" }] }, { kind: "hang" });
  await using gateway = killableOver(model);
  const before = await gateway.start();
  const asked = [model.next(), model.next()];
  await before.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  await Promise.all(asked);

  await gateway.kill();
  const after = await gateway.start();
  const { status } = await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

  assert.equal(status, "ok");
  assert.equal(model.requests.length, 3);
  assert.deepEqual(model.requests[2]?.body.messages, model.requests[1]?.body.messages);
  assert.deepEqual(
    (await transcriptOf(after)).filter((line) => !line.startsWith("toolResult")),
    ["user: Hi", "assistant: Let me look.", "assistant: Hello from the model."],
  );
});

test("a message that brings the gateway down three times ends in an error that the conversation shows", async () => {
  await using model = await fakeOpenAI();
  model.usual = { kind: "hang" };
  await using gateway = killableOver(model);
  let asked = model.next();
  await (await gateway.start()).call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
  await asked;
  for (const _attempt of [2, 3]) {
    await gateway.kill();
    asked = model.next();
    await gateway.start();
    await asked;
  }

  await gateway.kill();
  const client = await gateway.start();
  const { status, error } = await client.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });
  const { messages } = await client.call("chat.history", { sessionKey: "main" });

  const message = "The gateway stopped 3 times while it worked on this; send the message again.";
  assert.deepEqual([status, error], ["error", message]);
  assert.deepEqual([messages[1].stopReason, messages[1].errorMessage], ["error", message]);
});

test("a note is kept once although its run is done again", async () => {
  await using gateway = new KillableGateway(JSON.stringify({ models: { detectLocal: false } }));
  const before = await gateway.start();
  await before.call("chat.send", { sessionKey: "main", message: "/note buy milk", idempotencyKey: "r1" });

  await gateway.kill();
  const after = await gateway.start();
  await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });
  await after.call("chat.send", { sessionKey: "main", message: "/notes", idempotencyKey: "r2" });
  const { message } = await endOf(after, "r2");

  assert.match(message.content[0].text, /^1\. buy milk _\(\d{4}-\d\d-\d\d\)_$/);
});
