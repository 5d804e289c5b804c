// Fields of platforms' events of another type than documented: each event is taken in or recorded, and nothing behind it waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeTelegram, fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench } from "./bench.ts";

const alice = { id: 77, is_bot: false, first_name: "Al" };
const chat = { id: 77, type: "private", first_name: "Al" };
const date = Math.trunc(Date.now() / 1000);
const message = { message_id: 900, from: alice, chat, date, text: "odd" };
const reaction = { chat, message_id: 5, date, user: alice, old_reaction: [] };

const [IN, OUT] = [{ status: "member" }, { status: "left" }];

const ODD: readonly (readonly [kind: string, body: unknown])[] = [
  ["message_reaction", { ...reaction, date: undefined, new_reaction: [{ type: "emoji", emoji: "👍" }] }],
  ["message_reaction", { ...reaction, new_reaction: [{ type: "emoji" }] }],
  ["message_reaction", { ...reaction, new_reaction: [{ type: "hologram" }] }],
  ["edited_message", { ...message, message_id: 901, edit_date: "yesterday" }],
  ["message", { ...message, message_id: 902, date: 1e300 }],
  ["message", { ...message, message_id: 903, from: { ...alice, username: 5 } }],
  ["message", { ...message, message_id: 904, chat: { id: -5, type: "group", title: { a: 1 } } }],
  [
    "message",
    { ...message, message_id: 905, document: { file_id: "x", file_name: {}, mime_type: 5, file_size: "big" } },
  ],
  ["message", { ...message, message_id: 906, media_group_id: 5 }],
  ["message", { ...message, message_id: 907, text: undefined, poll: { question: {}, options: [{}] } }],
  ["my_chat_member", { chat: { id: -6, type: "group" }, from: alice, old_chat_member: IN, new_chat_member: OUT }],
  ["callback_query", { id: "1", from: alice, message: { message_id: 5, chat, date }, data: 5 }],
  ["chat_join_request", { from: 5, chat: 7, date: "x" }],
];

test("an event with an odd field is recorded, shown, and holds up nothing that was said after it", async () => {
  await using bench = await ChannelBench.start(fakeTelegram);
  const fake = bench.fake as FakeTelegram;

  for (const [kind, body] of ODD) fake.pushes(kind, body);
  await bench.asks("said after it");
  const entries = await bench.settled();

  assert.deepEqual(
    entries.filter(({ rule }) => rule === "internal-error"),
    [],
  );
  assert.equal(entries.length, ODD.length + 2, JSON.stringify(entries.map(({ kind, text }) => [kind, text])));
  assert.deepEqual(
    bench.gateway.log.filter(({ level }) => level === "error"),
    [],
  );
  assert.equal((await bench.account()).state, "connected");
});

test("Telegram's ids of updates may start anew lower, after a quiet week or on another server", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { settings: { pollSeconds: 1 } });
  const fake = bench.fake as FakeTelegram;
  await bench.asks("before");

  fake.startsIdsAt(5);
  await bench.asks("after");
  await bench.restart(async () => fake.startsIdsAt(3));
  await bench.asks("after a restart");

  assert.equal(bench.times("before"), 1);
  assert.deepEqual(fake.unconfirmed.length, 0);
});

test("an account that becomes another bot reads that one's messages, whose ids are those of the first one's", async () => {
  await using bench = await ChannelBench.start(fakeTelegram);
  await bench.asks("of the first");
  await using other = await fakeTelegram({ botId: 987654321 });
  const { hash } = await bench.operator.call("config.get", {});
  const raw = JSON.stringify({ channels: { telegram: other.settings } });

  await bench.operator.call("config.patch", { raw, baseHash: hash });
  await other.says("/echo of the other");

  await until(other, "the answer", () => other.delivered.find(({ text }) => text === "of the other"));
});
