// What was said stays readable: across resets, page by page, and as branches of what was asked again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type Connected, testGateway } from "../support/gateway.ts";

const model = await fakeOpenAI();
const config = {
  models: {
    detectLocal: false,
    providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
  },
  agents: { defaults: { model: "fake/fake-model" } },
};
const gateway = await testGateway({ config: JSON.stringify(config) });
const client: Connected = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

interface Said {
  readonly id: string;
  readonly role: string;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly mimeType?: string }[];
}
interface Past {
  readonly current?: { readonly reason?: string };
  readonly transcripts: readonly { readonly reason?: string; readonly messages: readonly Said[] }[];
  readonly branches: readonly { readonly id: string; readonly instead: string; readonly messages: number }[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** A picture of one pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("what was said before a reset is read above it, with the reason of the beginning, and the agent is not told of it", async () => {
  const sessionKey = "agent:main:reset";
  await say(sessionKey, "before", { message: "My cat is called Mimi" });
  await say(sessionKey, "new", { message: "/new" });
  const asked = model.next();
  await say(sessionKey, "after", { message: "What is my cat called?" });

  const { transcripts, hasOlder, hasNewer } = await past(sessionKey);
  const history = (await client.call("chat.history", { sessionKey })) as { messages: Said[] };

  assert.deepEqual(
    transcripts.map(({ reason, messages }) => [reason, messages.map(textOf)]),
    [
      [
        undefined,
        [
          "My cat is called Mimi",
          "Hello from the model.",
          "/new",
          "A new conversation. The old one can still be searched.",
        ],
      ],
      ["new", ["What is my cat called?", "Hello from the model."]],
    ],
  );
  assert.deepEqual([hasOlder, hasNewer], [false, false]);
  assert.deepEqual(history.messages.map(textOf), ["What is my cat called?", "Hello from the model."]);
  assert.doesNotMatch(JSON.stringify((await asked).body.messages), /Mimi/);
});

test("an emptied conversation names its new transcript, though nothing was said in it yet", async () => {
  const sessionKey = "agent:main:emptied";
  await say(sessionKey, "only", { message: "Remember this" });

  await client.call("sessions.reset", { key: sessionKey });
  const { current, transcripts } = await past(sessionKey);

  assert.deepEqual(
    transcripts.map(({ messages }) => messages.length),
    [2],
  );
  assert.equal(current?.reason, "reset");
});

test("pages join without a gap and without a message twice, in both directions", async () => {
  const sessionKey = "agent:main:pages";
  await client.call("sessions.patch", { key: sessionKey, label: "Pages" });
  for (let index = 0; index < 25; index++) {
    await client.call("chat.inject", { sessionKey, message: `line ${index}` });
    if (index === 12) await client.call("sessions.reset", { key: sessionKey });
  }
  const all = idsOf(await past(sessionKey, { limit: 100 }));

  const newest = await past(sessionKey, { limit: 10 });
  const older = await past(sessionKey, { limit: 10, before: idsOf(newest)[0] });
  const oldest = await past(sessionKey, { limit: 10, before: idsOf(older)[0] });
  const around = await past(sessionKey, { limit: 6, around: all[12] });
  const newer = await past(sessionKey, { limit: 100, after: idsOf(around).at(-1) });

  assert.equal(all.length, 25);
  assert.deepEqual([...idsOf(oldest), ...idsOf(older), ...idsOf(newest)], all);
  assert.deepEqual([newest.hasOlder, oldest.hasOlder, oldest.hasNewer], [true, false, true]);
  assert.deepEqual(idsOf(around), all.slice(9, 15));
  assert.deepEqual([around.hasOlder, around.hasNewer, newer.hasNewer], [true, true, false]);
  assert.deepEqual(idsOf(newer), all.slice(15));
});

test("asking again keeps what followed as a branch, with the files of the question, and the agent sees the new words alone", async () => {
  const sessionKey = "agent:main:again";
  await say(sessionKey, "a1", { message: "Hello" });
  const attachments = [{ type: "image", mimeType: "image/png", fileName: "dot.png", content: PNG }];
  await say(sessionKey, "a2", { message: "What is that?", attachments });
  await say(sessionKey, "a3", { message: "And then?" });
  const before = ((await client.call("chat.history", { sessionKey })) as { messages: Said[] }).messages;
  const question = before.find((message) => textOf(message).startsWith("What is that?"))!;
  const asked = model.next();

  await again({ sessionKey, messageId: question.id, message: "What is this?", idempotencyKey: "a4" });
  const sent = JSON.stringify((await asked).body.messages);
  const { messages } = (await client.call("chat.history", { sessionKey })) as { messages: Said[] };
  const { branches } = await past(sessionKey);
  const branch = await past(sessionKey, { branch: branches[0]?.id });
  const repeated = await client.call("chat.again", { sessionKey, messageId: question.id, idempotencyKey: "a4" });

  assert.deepEqual(messages.map(textOf), ["Hello", "Hello from the model.", "What is this?", "Hello from the model."]);
  assert.match(sent, /What is this\?/);
  assert.match(sent, /data:image\/png/);
  assert.doesNotMatch(sent, /What is that\?|And then\?/);
  assert.deepEqual(
    branches.map(({ instead, messages }) => [instead, messages]),
    [["a4", 4]],
  );
  assert.deepEqual(
    branch.transcripts.flatMap((each) => each.messages.map(textOf)),
    ["What is that?", "Hello from the model.", "And then?", "Hello from the model."],
  );
  assert.equal((repeated as { status: string }).status, "ok");
});

test("without words of its own the question is asked as it was", async () => {
  const sessionKey = "agent:main:same";
  await say(sessionKey, "s1", { message: "Tell me a joke" });
  const [question] = ((await client.call("chat.history", { sessionKey })) as { messages: Said[] }).messages;
  model.script({ kind: "text", text: "A better one." });

  await again({ sessionKey, messageId: question!.id, idempotencyKey: "s2" });
  const { messages } = (await client.call("chat.history", { sessionKey })) as { messages: Said[] };

  assert.deepEqual(messages.map(textOf), ["Tell me a joke", "A better one."]);
});

test("a message that is not there, and a reply under way, are said in words", async () => {
  const sessionKey = "agent:main:refused";
  await say(sessionKey, "r1", { message: "Hello" });
  const [question, reply] = ((await client.call("chat.history", { sessionKey })) as { messages: Said[] }).messages;
  model.script({ kind: "hang", after: "I am thinking" });
  await client.call("chat.send", { sessionKey, message: "Long one", idempotencyKey: "r2" });

  const busy = await client.request("chat.again", { sessionKey, messageId: question!.id, idempotencyKey: "r3" });
  await client.call("chat.abort", { sessionKey });
  await client.call("agent.wait", { runId: "r2", timeoutMs: 5_000 });
  const notMine = await client.request("chat.again", { sessionKey, messageId: reply!.id, idempotencyKey: "r4" });
  const nowhere = await client.request("chat.past", { sessionKey, before: "nothing" });
  const both = await client.request("chat.past", { sessionKey, before: question!.id, after: question!.id });

  assert.match(busy.error?.message ?? "", /a reply is under way in this conversation; stop it first/);
  assert.match(notMine.error?.message ?? "", /messageId names no message of a person/);
  assert.match(nowhere.error?.message ?? "", /not in this conversation/);
  assert.match(both.error?.message ?? "", /name one of before, after, around and branch/);
});

test("a deleted conversation leaves nothing to read", async () => {
  const sessionKey = "agent:main:gone";
  await say(sessionKey, "g1", { message: "Secret" });
  await client.call("sessions.reset", { key: sessionKey });

  await client.call("sessions.delete", { key: sessionKey });

  assert.deepEqual(await past(sessionKey), {
    sessionKey,
    transcripts: [],
    branches: [],
    hasOlder: false,
    hasNewer: false,
  });
});

test("a conversation that was put away is in the other list, and a message brings it back", async () => {
  const key = "agent:main:away";
  await say(key, "w1", { message: "Hello" });
  const listed = async (archived: boolean) => {
    const list = await client.call("sessions.list", { archived });
    return (list as { sessions: { key: string; pinned: boolean }[] }).sessions.filter((each) => each.key === key);
  };

  await client.call("sessions.patch", { key, archived: true, pinned: true });
  const away = [(await listed(false)).length, (await listed(true)).length];
  await say(key, "w2", { message: "Hello again" });
  const back = [(await listed(false)).length, (await listed(true)).length];

  assert.deepEqual(
    [away, back],
    [
      [0, 1],
      [1, 0],
    ],
  );
  assert.equal((await listed(false))[0]?.pinned, true);
});

async function say(sessionKey: string, idempotencyKey: string, params: object): Promise<void> {
  await client.call("chat.send", { sessionKey, idempotencyKey, ...params });
  await client.call("agent.wait", { runId: idempotencyKey, timeoutMs: 20_000 });
}

async function again(params: { idempotencyKey: string; [name: string]: unknown }): Promise<void> {
  await client.call("chat.again", params);
  await client.call("agent.wait", { runId: params.idempotencyKey, timeoutMs: 20_000 });
}

async function past(sessionKey: string, params: object = {}): Promise<Past> {
  return (await client.call("chat.past", { sessionKey, ...params })) as Past;
}

function idsOf({ transcripts }: Past): string[] {
  return transcripts.flatMap(({ messages }) => messages.map(({ id }) => id));
}

function textOf({ content }: Said): string {
  return content.flatMap(({ text }) => (text === undefined ? [] : [text])).join("\n");
}
