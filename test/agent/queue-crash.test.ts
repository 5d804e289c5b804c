// kill -9 at every state of messages that wait: none is lost, none is answered twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import type { WireClient } from "../support/wire-client.ts";
import { killableOver } from "./killable-gateway.ts";
import { say, transcriptOf } from "./support.ts";

const COLLECT = { messages: { queue: { mode: "collect", debounceMs: 0 } } };
const STEER = { messages: { queue: { mode: "steer" } } };

async function send(client: WireClient, message: string): Promise<void> {
  await client.call("chat.send", { sessionKey: "main", message, idempotencyKey: message });
}

/** How runs ended, in a word each. */
async function endsOf(client: WireClient, ...runIds: string[]): Promise<string[]> {
  const ends = [];
  for (const runId of runIds) ends.push((await client.call("agent.wait", { runId, timeoutMs: 9_000 })).status);
  return ends;
}

/** What people and the model have said, as the model was shown it. */
function shown({ body }: SeenRequest): string {
  const messages = body.messages as { role: string; content: string | { text: string }[] }[];
  return messages
    .slice(1)
    .map(({ content }) => (typeof content === "string" ? content : content.map(({ text }) => text).join("+")))
    .join(" | ");
}

test("killed while messages wait: the reply under way is given again, then what waited is answered together", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = killableOver(model, COLLECT);
  const before = await gateway.start();
  const asked = model.next();
  for (const message of ["one", "two", "three"]) await send(before, message);
  await asked;

  await gateway.kill();
  const after = await gateway.start();

  assert.deepEqual(await endsOf(after, "one", "two", "three"), ["ok", "ok", "ok"]);
  assert.deepEqual(await transcriptOf(after), [
    "user: one",
    "assistant: Hello from the model.",
    "user: two",
    "user: three",
    "assistant: Hello from the model.",
  ]);
  assert.equal(model.requests.length, 3);
});

test("killed while what waited is answered together: it is answered together again, and each message stands there once", async () => {
  await using model = await fakeOpenAI();
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["Done", "."], hold }, { kind: "hang" });
  await using gateway = killableOver(model, COLLECT);
  const before = await gateway.start();
  const asked = model.next();
  for (const message of ["one", "two", "three"]) await send(before, message);
  await asked;
  const together = model.next();
  release();
  await together;

  await gateway.kill();
  const after = await gateway.start();

  assert.deepEqual(await endsOf(after, "two", "three"), ["ok", "ok"]);
  assert.deepEqual(model.requests.map(shown), ["one", "one | Done. | two+three", "one | Done. | two+three"]);
  assert.equal((await transcriptOf(after)).filter((line) => line === "user: two").length, 1);
  assert.equal(await say(after, "four"), "Hello from the model.");
});

test("killed after the reply under way has heard a message: it hears it again, and nobody answers it twice", async () => {
  await using model = await fakeOpenAI();
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["Done", "."], hold }, { kind: "hang" });
  await using gateway = killableOver(model, STEER);
  const before = await gateway.start();
  const asked = model.next();
  await send(before, "one");
  await asked;
  await before.nextOf("agent");
  await send(before, "in blue");
  const heard = model.next();
  release();
  await heard;

  await gateway.kill();
  const after = await gateway.start();

  assert.deepEqual(await endsOf(after, "one", "in blue"), ["ok", "ok"]);
  assert.deepEqual(model.requests.map(shown), ["one", "one | Done. | in blue", "one | Done. | in blue"]);
  assert.deepEqual(await transcriptOf(after), [
    "user: one",
    "assistant: Done.",
    "user: in blue",
    "assistant: Hello from the model.",
  ]);
});

test("killed before the reply under way has heard a message: the message is answered in a turn of its own", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang", after: "Half" });
  await using gateway = killableOver(model, STEER);
  const before = await gateway.start();
  const asked = model.next();
  await send(before, "one");
  await asked;
  await before.nextOf("agent");
  await send(before, "in blue");

  await gateway.kill();
  const after = await gateway.start();

  assert.deepEqual(await endsOf(after, "one", "in blue"), ["ok", "ok"]);
  assert.deepEqual(
    (await transcriptOf(after)).filter((line) => line.startsWith("user")),
    ["user: one", "user: in blue"],
  );
});
