// Fields of platforms' events of another type than documented: each event is taken in or recorded, and nothing behind it waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FakePlatform,
  type FakeTelegram,
  fakeBlueBubbles,
  fakeDiscord,
  fakeTelegram,
  until,
} from "../../packages/fakes/src/index.ts";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import type { ChannelDefinition } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench } from "../support/channel-context.ts";
import { AlteringProxy } from "./altering-proxy.ts";
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

test("Discord: a message that is not as described is recorded, and takes none of its history with it", async () => {
  await using fake = await fakeDiscord();
  await using proxy = await AlteringProxy.before(fake, /\/messages\?.*after=/);
  await using bench = new AccountBench(definitionOf(fake), proxy.settings(fake));
  const first = await bench.open();
  const said = await fake.sends({ content: "odd", attachments: [null] });
  await bench.received("the odd one", ({ kind, messageId }) => kind === "unreadable" && messageId === said.id);
  await first[Symbol.asyncDispose]();
  fake.expireSessions();
  const missed = await fake.says("missed");
  const author = { id: missed.senderId, username: "alice" };
  const page = [missed.id, String(BigInt(missed.id) - 1n)].map((id, isOdd) => ({
    ...{ id, channel_id: missed.chatId, author, content: "missed", timestamp: new Date().toISOString(), type: 0 },
    ...{ mentions: [], embeds: [], attachments: isOdd ? [null] : [] },
  }));

  proxy.answers({ body: JSON.stringify(page) });
  await bench.open();

  await bench.received("what was missed", ({ kind, messageId }) => kind === "message" && messageId === missed.id);
});

test("Discord: a command that names its channel by the id alone is taken in", async () => {
  await using fake = await fakeDiscord();
  await using bench = new AccountBench(definitionOf(fake), fake.settings);
  await bench.open();
  const { chatId, senderId } = await fake.says("hello", { in: { group: "Tea" } });
  const command = { id: "1", name: "status", type: 1 };
  const user = { id: senderId, username: "alice" };

  fake.tells("INTERACTION_CREATE", {
    ...{ id: "990000000000000001", application_id: "1", type: 2, token: "t", version: 1 },
    ...{ channel_id: chatId, member: { user }, data: command },
  });

  await bench.received("the command", (each) => each.kind === "message" && each.text === "/status");
});

test("BlueBubbles: a message that is dated years ahead hides nothing that comes after it", async () => {
  await using fake = await fakeBlueBubbles();
  await using bench = new AccountBench(definitionOf(fake), fake.settings);
  await bench.open();
  const isSaid = (text: string) => (each: Inbound) => each.kind === "message" && each.text === text;
  await fake.says("from the future", { at: Date.now() + 10 * 365 * 86_400_000 });
  await bench.received("the one from the future", isSaid("from the future"));

  await fake.says("after it");

  await bench.received("the next one", isSaid("after it"));
});

function definitionOf({ channel }: FakePlatform): ChannelDefinition {
  return CHANNELS.find(({ id }) => id === channel)!;
}
