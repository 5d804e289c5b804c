// What becomes of messages that come while a reply of their conversation is under way (protocol: queueing).
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import type { ModelServer, SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type Connected, type TestGateway, testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, saidOf, say, transcriptOf } from "./support.ts";

interface Queueing extends AsyncDisposable {
  readonly model: ModelServer;
  readonly gateway: TestGateway;
  readonly client: Connected;
  /** Lets the first reply end. */
  release(): void;
}

/** A gateway at work on the message "first", under the key "a": its reply is one word short. */
async function busy(
  queue: object,
  { clock, tool = false }: { clock?: FakeClock; tool?: boolean } = {},
): Promise<Queueing> {
  const stack = new AsyncDisposableStack();
  const model = stack.use(await fakeOpenAI());
  const config = JSON.stringify({ ...JSON.parse(configFor(model)), messages: { queue: { debounceMs: 0, ...queue } } });
  const gateway = stack.use(await testGateway({ config, ...(clock && { clock }) }));
  const client = await admin(gateway);
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  if (tool) model.script({ kind: "turn", text: "Let me look.", calls: [{ name: "sessions_list" }] });
  model.script({ kind: "text", text: ["One ", "moment."], hold });
  const asked = model.next();
  await send(client, "first", "a");
  await asked;
  await client.nextOf("agent");
  if (tool) await model.next();
  return { model, gateway, client, release, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function send(client: Connected, message: string, idempotencyKey: string): Promise<unknown> {
  return await client.call("chat.send", { sessionKey: "main", message, idempotencyKey });
}

/** What people and the model have said, as the model was shown it. */
function shown({ body }: SeenRequest | undefined = { body: {} } as SeenRequest): string[] {
  const messages = body.messages as { role: string; content: string | { text: string }[] }[];
  return messages
    .filter(({ role }) => role === "user" || role === "assistant")
    .map(
      ({ role, content }) =>
        `${role}: ${typeof content === "string" ? content : content.map(({ text }) => text).join(" + ")}`,
    );
}

test("collect: what waited is answered together, in one turn behind the reply under way", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, model, release } = story;
  await send(client, "second", "b");
  await send(client, "third", "c");

  release();
  const ends = [await endOf(client, "a"), await endOf(client, "b"), await endOf(client, "c")];

  assert.deepEqual(
    ends.map(({ state, stopReason, message }) => [state, stopReason, message?.content[0].text]),
    [
      ["final", undefined, "One moment."],
      ["final", "merged", undefined],
      ["final", undefined, "Hello from the model."],
    ],
  );
  assert.equal(model.requests.length, 2);
  assert.match(
    shown(model.requests[1]).join(" | "),
    /^user: first \| assistant: One moment\. \| user: second.*third$/s,
  );
  assert.deepEqual(await transcriptOf(client), [
    "user: first",
    "assistant: One moment.",
    "user: second",
    "user: third",
    "assistant: Hello from the model.",
  ]);
});

test("whoever waits for a message that was merged is told how its answer ends", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, release } = story;
  await send(client, "second", "b");
  await send(client, "third", "c");
  const waiting = client.call("agent.wait", { runId: "b", timeoutMs: 9_000 });

  release();
  const [early, leader] = [await waiting, await client.call("agent.wait", { runId: "c", timeoutMs: 9_000 })];
  const late = await client.call("agent.wait", { runId: "b", timeoutMs: 0 });

  assert.equal(early.status, "ok");
  assert.equal(early.endedAt, leader.endedAt);
  assert.equal(late.endedAt, leader.endedAt);
  assert.deepEqual(await send(client, "second", "b"), { runId: "b", status: "ok" });
});

test("collect: more is waited for until nobody has written for the debounce", async () => {
  const clock = new FakeClock();
  await using story = await busy({ mode: "collect", debounceMs: 1_000 }, { clock });
  const { client, model, release } = story;
  await send(client, "second", "b");
  release();
  await endOf(client, "a");
  clock.advance(900);
  await send(client, "third", "c");
  assert.equal(model.requests.length, 1);

  const asked = model.next();
  clock.advance(1_000);

  assert.match(shown(await asked).at(-1)!, /second.*third/s);
});

test("followup: each message has a turn of its own", async () => {
  await using story = await busy({ mode: "followup" });
  const { client, model, release } = story;
  await send(client, "second", "b");
  await send(client, "third", "c");

  release();
  for (const id of ["a", "b", "c"]) assert.ok((await endOf(client, id)).message);

  assert.deepEqual(
    model.requests.map((request) => shown(request).at(-1)),
    ["user: first", "user: second", "user: third"],
  );
});

test("steer: what is said meanwhile is heard by the reply under way at the end of its turn", async () => {
  await using story = await busy({ mode: "steer" }, { tool: true });
  const { client, model, release } = story;
  await send(client, "in blue", "b");

  release();
  const merged = await endOf(client, "b");
  const { message } = await endOf(client, "a");

  assert.deepEqual([merged.state, merged.stopReason], ["final", "merged"]);
  assert.equal(message.content[0].text, "Let me look.\n\nOne moment.\n\nHello from the model.");
  assert.deepEqual(shown(model.requests[2]).slice(-2), ["assistant: One moment.", "user: in blue"]);
  assert.deepEqual(
    (await transcriptOf(client)).filter((line) => !line.startsWith("toolResult")),
    [
      "user: first",
      "assistant: Let me look.",
      "assistant: One moment.",
      "user: in blue",
      "assistant: Hello from the model.",
    ],
  );
});

test("queue is another name for steer", async () => {
  await using story = await busy({ mode: "queue" });
  const { client, release } = story;
  await send(client, "in blue", "b");

  release();

  assert.equal((await endOf(client, "b")).stopReason, "merged");
});

test("steer: a picture cannot be said to a reply under way, so it has a turn of its own", async () => {
  await using story = await busy({ mode: "steer" });
  const { client, release } = story;
  const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const attachments = [{ type: "image", mimeType: "image/png", fileName: "a.png", content: png }];
  await client.call("chat.send", { sessionKey: "main", message: "like this", attachments, idempotencyKey: "b" });

  release();

  assert.equal((await endOf(client, "a")).message.content[0].text, "One moment.");
  assert.equal((await endOf(client, "b")).message.content[0].text, "Hello from the model.");
});

test("steer-backlog: what is said is heard at once and answered afterwards too", async () => {
  await using story = await busy({ mode: "steer-backlog" });
  const { client, model, release } = story;
  await send(client, "in blue", "b");

  release();

  assert.equal((await endOf(client, "a")).message.content[0].text, "One moment.\n\nHello from the model.");
  assert.equal((await endOf(client, "b")).message.content[0].text, "Hello from the model.");
  assert.deepEqual(shown(model.requests[1]).at(-1), "user: in blue");
});

test("interrupt: the newest message ends the reply under way and those that wait", async () => {
  await using story = await busy({ mode: "interrupt" });
  const { client, model } = story;
  await send(client, "second", "b");

  const first = await endOf(client, "a");
  const { message } = await endOf(client, "b");

  assert.deepEqual([first.state, first.stopReason], ["aborted", "interrupt"]);
  assert.equal(message.content[0].text, "Hello from the model.");
  assert.equal(model.requests.length, 2);
});

test("calls of the agent method keep their own turn and answer, whatever the mode", async () => {
  await using story = await busy({ mode: "interrupt" });
  const { client, release } = story;
  const [b, c] = ["b", "c"].map((idempotencyKey) => {
    client.send({
      type: "req",
      id: idempotencyKey,
      method: "agent",
      params: { sessionKey: "main", message: idempotencyKey, idempotencyKey },
    });
    return idempotencyKey;
  });
  for (const id of [b!, c!]) assert.equal((await client.answerTo(id)).payload.status, "accepted");

  release();

  assert.equal((await endOf(client, "a")).state, "final");
  for (const id of [b!, c!])
    assert.equal((await client.answerTo(id)).payload.result.payloads[0].text, "Hello from the model.");
});

test("a conversation's own mode stands above the settings", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, release } = story;
  await client.call("sessions.patch", { key: "main", queueMode: "followup" });
  await send(client, "second", "b");
  await send(client, "third", "c");

  release();

  assert.ok((await endOf(client, "b")).message);
});

test("a channel's mode stands above that of all: chats of clients are called webchat", async () => {
  await using story = await busy({ mode: "followup", byChannel: { webchat: "collect" } });
  const { client, release } = story;
  await send(client, "second", "b");
  await send(client, "third", "c");

  release();

  assert.equal((await endOf(client, "b")).stopReason, "merged");
});

test("messages that ask for different thinking are not answered together", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, release } = story;
  await send(client, "second", "b");
  await send(client, "/think high third", "c");

  release();

  assert.ok((await endOf(client, "b")).message);
  assert.ok((await endOf(client, "c")).message);
});

test("summarize: of more messages than may wait the oldest are left out, and the model is told how they began", async () => {
  await using story = await busy({ cap: 2 });
  const { client, model, release } = story;
  for (const [id, message] of [
    ["b", "two"],
    ["c", "three"],
    ["d", "four"],
    ["e", "five"],
  ] as const)
    await send(client, message, id);

  const dropped = [await endOf(client, "b"), await endOf(client, "c")];
  release();
  await endOf(client, "e");

  assert.deepEqual(
    dropped.map(({ state, stopReason }) => [state, stopReason]),
    [
      ["aborted", "dropped"],
      ["aborted", "dropped"],
    ],
  );
  const last = shown(model.requests[1]).at(-1)!;
  assert.match(
    last,
    /note of the gateway\]\n\| 2 earlier messages were left out.*beginning of a message from .*\n\| two\n.*\n\| three.*four.*five/s,
  );
  const { status, error } = await client.call("agent.wait", { runId: "b", timeoutMs: 0 });
  assert.deepEqual([status, error], ["error", "too many messages waited; this one was left out"]);
});

test("old: the oldest are left out without a word", async () => {
  await using story = await busy({ cap: 1, drop: "old" });
  const { client, model, release } = story;
  await send(client, "two", "b");
  await send(client, "three", "c");

  release();
  await endOf(client, "c");

  assert.deepEqual(shown(model.requests[1]).slice(-2), ["assistant: One moment.", "user: three"]);
});

test("new: what comes while too many wait is not answered", async () => {
  await using story = await busy({ cap: 1, drop: "new" });
  const { client, model, release } = story;
  await send(client, "two", "b");
  await send(client, "three", "c");

  assert.equal((await endOf(client, "c")).stopReason, "dropped");
  release();
  await endOf(client, "b");

  assert.equal(shown(model.requests[1]).at(-1), "user: two");
});

test("a stop word ends the reply under way and all that waits", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, model } = story;
  await send(client, "second", "b");

  const stopped = await client.call("chat.send", { sessionKey: "main", message: "stop", idempotencyKey: "s" });

  assert.deepEqual(stopped, { ok: true, aborted: true, runIds: ["a", "b"] });
  assert.equal((await endOf(client, "b")).state, "aborted");
  assert.equal((await endOf(client, "a")).state, "aborted");
  assert.equal(await say(client, "And now?"), "Hello from the model.");
  assert.equal(model.requests.length, 2);
});

test("aborting a message that was merged ends its answer", async () => {
  await using story = await busy({ mode: "collect" });
  const { client, model, release } = story;
  model.script({ kind: "hang" });
  await send(client, "second", "b");
  await send(client, "third", "c");
  const asked = model.next();
  release();
  await asked;

  const answer = await client.call("chat.abort", { sessionKey: "main", runId: "b" });

  assert.deepEqual(answer, { ok: true, aborted: true, runIds: ["c"] });
  assert.equal((await endOf(client, "c")).state, "aborted");
});

test("commands pass everything that waits", async () => {
  await using story = await busy({ mode: "collect" });
  const { client } = story;
  await send(client, "second", "b");

  assert.match(await say(client, "/status"), /1 at work, 1 waiting/);
  assert.equal(saidOf(client, "chat", "a").length, 1);
});
