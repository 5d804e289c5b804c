// Discord's channel with its real libraries, against the fake on loopback.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type FakeDiscord, fakeDiscord, until } from "../../packages/fakes/src/index.ts";
import { discord } from "../../packages/gateway/src/channels/discord/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const { signal } = new AbortController();

let fake: FakeDiscord;
let bench: AccountBench;
let sends = 0;

beforeEach(async () => {
  fake = await fakeDiscord();
  bench = new AccountBench(discord, fake.settings);
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

function outbound(chatId: string, text: string, more: Partial<Outbound> = {}): Outbound {
  const clientId = (++sends).toString(16).padStart(20, "0");
  return { clientId, chat: { id: chatId }, text: plainText(text), queuedAt: Date.now(), ...more };
}

function message(text: string) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: "message" }> =>
    inbound.kind === "message" && !inbound.fromSelf && inbound.text === text;
}

function texts(): string[] {
  return bench.inbound.flatMap((each) => (each.kind === "message" && !each.fromSelf ? [each.text] : []));
}

/** The reason of a rejection that must be a ChannelError. */
async function refusal(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelError, String(error));
  return error;
}

async function closed(connection: Connection): Promise<ChannelError> {
  return await within(connection.closed, "the connection to be closed");
}

describe("what is said on Discord", () => {
  test("a direct message arrives with its author and chat", async () => {
    await bench.open();

    const said = await fake.says("hello", { from: "Ann" });

    const inbound = await bench.received("hello", message("hello"));
    assert.deepEqual(inbound.chat, { id: said.chatId, kind: "direct" });
    assert.deepEqual(inbound.sender, { id: said.senderId, name: "Ann", username: "ann" });
    assert.deepEqual([inbound.keys, inbound.messageId], [[`message:${said.id}`], said.id]);
  });

  test("in a server a mention is an address, and other people are named", async () => {
    await bench.open();

    await fake.says(`ask <@${fake.botId}> too`, { in: { group: "Tea" } });
    await fake.says("brew", { in: { group: "Tea" }, mentionsBot: true });
    await fake.says("never mind", { in: { group: "Tea" } });

    const inside = await bench.received("the first", message("ask \uFFFC too"));
    const addressed = await bench.received("the second", message("brew"));
    const other = await bench.received("the third", message("never mind"));
    assert.deepEqual(
      [inside, addressed, other].map(({ mentionsSelf }) => mentionsSelf),
      [true, true, false],
    );
    assert.deepEqual(inside.others, [{ sign: "@", name: "molty", id: fake.botId }]);
    assert.equal(addressed.chat.kind, "channel");
    assert.equal(addressed.chat.title, "Tea");
    assert.ok(addressed.chat.spaceId);
  });

  test("a thread is a topic of its channel, also when nobody told of it", async () => {
    await fake.says("before", { in: { group: "Tea" }, thread: "plans" });
    await bench.open();

    const said = await fake.says("biscuits", { in: { group: "Tea" }, thread: "plans" });

    const inbound = await bench.received("biscuits", message("biscuits"));
    assert.equal(inbound.chat.id, said.chatId);
    assert.ok(inbound.chat.threadId && inbound.chat.threadId !== said.chatId);
  });

  test("a reply to the account speaks to it", async () => {
    const connection = await bench.open();
    const said = await fake.says("hi", { in: { group: "Tea" } });
    const sent = await connection.send(outbound(said.chatId, "hello to you"), signal);

    await fake.says("thanks", { in: { group: "Tea" }, replyTo: sent.id });

    const inbound = await bench.received("thanks", message("thanks"));
    assert.equal(inbound.mentionsSelf, true);
    assert.deepEqual(inbound.replyTo, {
      messageId: sent.id,
      fromSelf: true,
      text: "hello to you",
      senderId: fake.botId,
      senderName: "molty",
    });
  });

  test("files are fetched by their address, and again when it has expired", async () => {
    const connection = await bench.open();
    const bytes = new TextEncoder().encode("a picture");
    const file = { bytes, mimeType: "image/png", fileName: "a b.png", kind: "image" } as const;
    await fake.says("look", { files: [file] });
    const { media } = await bench.received("look", message("look"));
    fake.expireLinks();

    const content = await connection.fetchMedia!(media[0]!, signal);

    assert.deepEqual(await Array.fromAsync(content).then((parts) => Buffer.concat(parts).toString()), "a picture");
    assert.deepEqual(
      [media[0]?.kind, media[0]?.mimeType, media[0]?.fileName, media[0]?.sizeBytes],
      ["image", "image/png", "a b.png", bytes.length],
    );
  });

  test("a changed, a deleted and a reacted-to message each arrive as what they are", async () => {
    await bench.open();
    const said = await fake.says("fist");

    await fake.edits!(said, "first");
    await fake.reacts!(said.id, "👍");
    await fake.unsends!(said);

    const edit = await bench.received("the edit", ({ kind }) => kind === "edit");
    const reaction = await bench.received("the reaction", ({ kind }) => kind === "reaction");
    const unsend = await bench.received("the unsend", ({ kind }) => kind === "unsend");
    assert.equal(edit.kind === "edit" && edit.text, "first");
    assert.equal(reaction.kind === "reaction" && reaction.emoji, "👍");
    assert.deepEqual(
      [edit, reaction, unsend].map(({ messageId }) => messageId),
      [said.id, said.id, said.id],
    );
  });

  test("bots are marked, and the account's own messages too", async () => {
    const connection = await bench.open();
    const said = await fake.says("beep", { from: "Robo", asBot: true });
    await connection.send(outbound(said.chatId, "boop"), signal);

    const beep = await bench.received("beep", message("beep"));
    const boop = await bench.received("boop", (each) => each.kind === "message" && each.text === "boop");
    assert.deepEqual([beep.sender.isBot, boop.fromSelf], [true, true]);
  });

  test("what cannot be read is noted, and what follows is read", async () => {
    await bench.open();

    await fake.trouble({ kind: "malformed" });
    await fake.says("still there?");

    await bench.received("the next message", message("still there?"));
    assert.ok(bench.log.some(({ level }) => level === "warn"));
  });

  test("being removed from a server is told for each chat there", async () => {
    await bench.open();
    const said = await fake.says("bye", { in: { group: "Tea" } });
    await bench.received("bye", message("bye"));

    await fake.trouble({ kind: "remove-from-group", group: "Tea" });

    const left = await bench.received("the removal", ({ kind }) => kind === "membership");
    assert.deepEqual([left.chat.id, left.kind === "membership" && left.isMember], [said.chatId, false]);
  });
});

describe("what the account says", () => {
  test("a text is sent with nobody notified, as an answer, under the client's id", async () => {
    const connection = await bench.open();
    const said = await fake.says("ping");
    const answer = outbound(said.chatId, "**pong** @everyone", {
      replyTo: { chat: { id: said.chatId }, id: said.id },
    });

    const sent = await connection.send(answer, signal);

    const [delivered] = fake.delivered;
    assert.equal(delivered?.id, sent.id);
    assert.equal(delivered?.text, "pong @everyone");
    assert.equal(delivered?.replyTo, said.id);
    assert.equal(delivered?.clientId, answer.clientId);
  });

  test("a person is written to by name of a direct chat that is opened first", async () => {
    const connection = await bench.open();
    const said = await fake.says("hello");

    const sent = await connection.send(outbound(`user:${said.senderId}`, "hi"), signal);

    assert.equal(sent.chatId, said.chatId);
  });

  test("a message in a thread goes there", async () => {
    const connection = await bench.open();
    await fake.says("biscuits", { in: { group: "Tea" }, thread: "plans" });
    const { chat } = await bench.received("biscuits", message("biscuits"));

    await connection.send(outbound(chat.id, "noted", { chat }), signal);

    assert.deepEqual([fake.delivered[0]?.chatId, fake.delivered[0]?.thread], [chat.id, "plans"]);
  });

  test("a file goes out with its text", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("send it");
    const path = join(bench.folder, "note.txt");
    writeFileSync(path, "buy milk");
    const media = { path, kind: "document", mimeType: "text/plain", fileName: "note.txt", sizeBytes: 8 } as const;

    await connection.send(outbound(chatId, "the list", { media }), signal);

    const [delivered] = fake.delivered;
    assert.equal(delivered?.text, "the list");
    assert.equal(Buffer.from(delivered?.files[0]?.bytes ?? []).toString(), "buy milk");
    assert.equal(delivered?.files[0]?.fileName, "note.txt");
  });

  test("a message is edited, reacted to and taken back", async () => {
    const connection = await bench.open();
    const said = await fake.says("hello");
    const sent = await connection.send(outbound(said.chatId, "fist"), signal);
    const own = { chat: { id: said.chatId }, id: sent.id };

    await connection.edit!(own, plainText("first"), signal);
    await connection.react!({ chat: own.chat, id: said.id }, "👀", { remove: false }, signal);
    const given = [...fake.reactions];
    await connection.react!({ chat: own.chat, id: said.id }, "👀", { remove: true }, signal);
    await connection.unsend!(own, signal);

    const [delivered] = fake.delivered;
    assert.deepEqual([delivered?.text, delivered?.edits, delivered?.isUnsent], ["first", 1, true]);
    assert.deepEqual(given, [{ messageId: said.id, emoji: "👀" }]);
    assert.deepEqual(fake.reactions, []);
  });

  test("typing and polls are shown", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("well?");

    await connection.typing!({ id: chatId }, true);
    const typing = fake.typingIn;
    const poll = { question: "Tea?", options: ["yes", "no"], maxSelections: 1, clientId: "0".repeat(20) };
    const sent = await connection.poll!({ ...poll, chat: { id: chatId } }, signal);

    assert.deepEqual(typing, [chatId]);
    assert.deepEqual(fake.delivered[0]?.poll, { question: "Tea?", options: ["yes", "no"] });
    assert.equal(sent.pollId, sent.id);
  });

  test("a pressed button comes back with its data", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("may I?");
    const buttons = [[{ label: "Yes", data: "approve:1" }]];
    const sent = await connection.send(outbound(chatId, "Allow?", { buttons }), signal);

    await fake.presses!(sent.id, "approve:1", { from: "alice" });

    const pressed = await bench.received("the press", ({ kind }) => kind === "button");
    assert.deepEqual([pressed.kind === "button" && pressed.data, pressed.messageId], ["approve:1", sent.id]);
  });

  test("a command of the menu is answered in its place", async () => {
    const connection = await bench.open();
    await until(fake, "the menu", () => fake.menu?.length);
    await fake.commands!("help", "me please");
    const inbound = await bench.received("the command", message("/help me please"));

    const answer = outbound(inbound.chat.id, "Ask me anything.", { via: inbound.via });
    const sent = await connection.send(answer, signal);

    assert.equal(inbound.isCommand, true);
    assert.deepEqual(
      fake.delivered.map(({ id, text }) => [id, text]),
      [[sent.id, "Ask me anything."]],
    );
  });

  test("the menu is published once, not at every start", async () => {
    const first = await bench.open();
    await until(fake, "the menu", () => fake.menu?.length);
    await first[Symbol.asyncDispose]();

    await bench.open();
    await fake.says("hello");
    await bench.received("hello", message("hello"));

    assert.equal(fake.requests.get("PUT /applications/:id/commands"), 1);
    assert.deepEqual(fake.menu, ["help", "stop"]);
  });

  test("the answer to a command that is no longer waited for goes to the chat", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    const via = JSON.stringify({ applicationId: fake.botId, token: "long-gone" });

    await connection.send(outbound(chatId, "late", { via }), signal);

    assert.deepEqual([fake.delivered[0]?.text, fake.delivered[0]?.chatId], ["late", chatId]);
  });
});

describe("when sending goes wrong", () => {
  test("the same client's id is delivered once, also when the first answer was an error", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    const answer = outbound(chatId, "once");
    await fake.trouble({ kind: "accept-then-fail" });

    const doubtful = await refusal(connection.send(answer, signal));
    const sent = await connection.send(answer, signal);

    assert.equal(doubtful.kind, "unknown");
    assert.deepEqual(
      fake.delivered.map(({ id, text }) => [id, text]),
      [[sent.id, "once"]],
    );
  });

  test("a message that was taken is found again, and one that was not is absent", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    const taken = outbound(chatId, "taken");
    await fake.trouble({ kind: "accept-then-fail" });
    await refusal(connection.send(taken, signal));

    const found = await connection.findSent!(taken, signal);
    const missing = await connection.findSent!(outbound(chatId, "never sent"), signal);

    assert.deepEqual(found, { id: fake.delivered[0]?.id });
    assert.equal(missing, "absent");
  });

  test("a rate limit says how long, and is known before the next request", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    await connection.send(outbound(chatId, "zero"), signal);
    await fake.trouble({ kind: "rate-limit", retryAfterMs: 1500 });

    const first = await refusal(connection.send(outbound(chatId, "one"), signal));
    const second = await refusal(connection.send(outbound(chatId, "two"), signal));

    assert.deepEqual([first.kind, second.kind], ["rate-limited", "rate-limited"]);
    assert.ok((first.retryAfterMs ?? 0) >= 1500 && (first.retryAfterMs ?? 0) < 1700, String(first.retryAfterMs));
    assert.ok((second.retryAfterMs ?? 0) > 1000 && (second.retryAfterMs ?? 0) <= 1700, String(second.retryAfterMs));
    assert.equal(fake.requests.get("POST /channels/:id/messages"), 2);
  });

  test("a global rate limit is obeyed", async () => {
    const connection = await bench.open();
    await until(fake, "the menu", () => fake.menu?.length);
    const { chatId } = await fake.says("hello");
    fake.limitGlobally(800);

    const limited = await refusal(connection.send(outbound(chatId, "one"), signal));

    assert.equal(limited.kind, "rate-limited");
    assert.ok((limited.retryAfterMs ?? 0) >= 750, String(limited.retryAfterMs));
  });

  test("refusals are final and say what to do", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    await fake.trouble({ kind: "refuse" });

    const forbidden = await refusal(connection.send(outbound(chatId, "no"), signal));
    const long = await refusal(connection.send(outbound(chatId, "x".repeat(2001)), signal));
    const nowhere = await refusal(connection.send(outbound("1300000000000000000", "no"), signal));

    assert.deepEqual([forbidden.kind, long.kind, nowhere.kind], ["rejected", "rejected", "rejected"]);
    assert.match(forbidden.message, /lacks a permission/);
    assert.match(long.message, /code 50035/);
    assert.match(nowhere.message, /no such channel/);
  });

  test("a platform that is down has certainly not taken it, and comes back", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    await fake.trouble({ kind: "down" });

    const reason = await closed(connection);
    const unsent = await refusal(connection.send(outbound(chatId, "hi"), signal));
    await fake.trouble({ kind: "up" });
    await fake.says("back again");
    await bench.open();

    assert.deepEqual([unsent.kind, reason.kind], ["not-sent", "network"]);
    await bench.received("what came after", message("back again"));
  });
});

describe("nothing is missed", () => {
  test("a cut link is taken up again at once", async () => {
    await bench.open();
    await fake.says("one");
    await bench.received("one", message("one"));

    await fake.trouble({ kind: "cut" });
    await fake.says("two");

    await bench.received("two", message("two"));
    assert.deepEqual(fake.counted, { identify: 1, resume: 1 });
  });

  test("Discord's request to reconnect is followed", async () => {
    await bench.open();

    fake.askToReconnect();
    await until(fake, "the session to be taken up", () => fake.counted.resume === 1);
    await fake.says("here?");

    await bench.received("here?", message("here?"));
  });

  test("a new process takes the session up and gets what was said meanwhile", async () => {
    const first = await bench.open();
    await fake.says("one");
    await bench.received("one", message("one"));
    await first[Symbol.asyncDispose]();
    await fake.says("two");

    await bench.open();

    await bench.received("two", message("two"));
    assert.deepEqual(fake.counted, { identify: 1, resume: 1 });
    assert.deepEqual(texts(), ["one", "two"]);
  });

  test("a process that was killed takes the session up from the last message that it had stored", async () => {
    const first = await bench.open();
    await fake.says("one");
    await bench.received("one", message("one"));
    const stored = Object.fromEntries(bench.state.entries(""));
    await fake.says("two");
    await bench.received("two", message("two"));
    await first[Symbol.asyncDispose]();
    // Everything that was written after "one" was lost with the process.
    bench.state.write(stored);
    await fake.says("three");

    await bench.open();

    await bench.received("three", message("three"));
    assert.deepEqual(fake.counted, { identify: 1, resume: 1 });
    assert.deepEqual(texts(), ["one", "two", "three"]);
  });

  test("what the disk refused is sent again to the next connection", async () => {
    const first = await bench.open();
    bench.isDiskFull = true;
    await fake.says("keep me");
    const reason = await closed(first);
    bench.isDiskFull = false;

    await bench.open();

    await bench.received("the message", message("keep me"));
    assert.equal(reason.kind, "unavailable");
  });

  test("after a lost session direct chats, channels and threads are read from where they were left", async () => {
    const first = await bench.open();
    await fake.says("one", { from: "Ann" });
    await fake.says("two", { in: { group: "Tea" } });
    await bench.received("two", message("two"));
    await first[Symbol.asyncDispose]();
    fake.expireSessions();
    await fake.says("three", { from: "Ann" });
    await fake.says("four", { in: { group: "Tea" } });
    await fake.says("five", { in: { group: "Tea" }, thread: "plans" });

    await bench.open();

    await bench.received("the direct message", message("three"));
    await bench.received("the message in the server", message("four"));
    await bench.received("the message in the thread", message("five"));
    assert.equal(fake.counted.identify, 2);
    assert.deepEqual(texts().toSorted(), ["five", "four", "one", "three", "two"]);
  });

  test("a long gap is read page by page, each message once", async () => {
    const first = await bench.open();
    await fake.says("before");
    await bench.received("before", message("before"));
    await first[Symbol.asyncDispose]();
    fake.expireSessions();
    for (let count = 1; count <= 230; count++) await fake.says(`message ${count}`);

    await bench.open();

    await bench.received("the last", message("message 230"));
    assert.equal(texts().length, 231);
  });

  test("the first start does not read what was said before", async () => {
    await fake.says("old news", { in: { group: "Tea" } });
    await bench.open();
    await fake.says("news", { in: { group: "Tea" } });

    await bench.received("news", message("news"));

    assert.deepEqual(texts(), ["news"]);
  });

  test("a redelivered message is the same message", async () => {
    await bench.open();
    await fake.says("once");
    await fake.trouble({ kind: "redeliver" });
    await fake.says("last");

    await bench.received("last", message("last"));

    assert.deepEqual(texts(), ["once", "last"]);
  });
});

describe("when the account is in trouble", () => {
  test("a wrong token is refused with what to do", async () => {
    const wrong = new AccountBench(discord, { ...fake.settings, token: "not-the-token" });
    await using _ = wrong;

    const reason = await refusal(wrong.open());

    assert.equal(reason.kind, "bad-credentials");
    assert.match(reason.message, /reset it in the Developer Portal/);
  });

  test("a token that is revoked ends the connection", async () => {
    const connection = await bench.open();

    await fake.trouble({ kind: "revoke" });

    assert.equal((await closed(connection)).kind, "bad-credentials");
  });

  test("a missing switch in the portal is named", async () => {
    fake.allowMessageContent(false);

    const reason = await refusal(bench.open());

    assert.equal(reason.kind, "bad-credentials");
    assert.match(reason.message, /Message Content Intent/);
  });

  test("without that switch it connects when it does not ask for it", async () => {
    fake.allowMessageContent(false);
    await using modest = new AccountBench(discord, { ...fake.settings, messageContent: false });

    await modest.open();

    assert.equal(fake.isLinked, true);
  });

  test("a platform that is down is a matter of the network", async () => {
    await fake.trouble({ kind: "down" });

    const reason = await refusal(bench.open());

    assert.equal(reason.kind, "network");
  });

  test("a link that drops again and again is given up", async () => {
    const connection = await bench.open();

    using _listener = fake.onChange(() => {
      if (fake.isLinked) setImmediate(() => fake.closeWith(4000));
    });
    fake.closeWith(4000);

    assert.equal((await closed(connection)).kind, "network");
  });

  test("a probe says whose token it is", async () => {
    const context = bench.context(signal);

    const self = await discord.probe!(context as never);

    assert.deepEqual([self.id, self.username, self.isBot], [fake.botId, "molty", true]);
  });
});

for (const linkPreviews of [undefined, true]) {
  test(`links that an agent writes get ${linkPreviews ? "a" : "no"} preview, edited and silent ones too`, async () => {
    await using own = new AccountBench(discord, { ...fake.settings, ...(linkPreviews && { linkPreviews }) });
    const connection = await own.open();
    const { chatId } = await fake.says("hello");

    const { id } = await connection.send(outbound(chatId, "see https://example.org/a"), signal);
    await connection.send(outbound(chatId, "see https://example.org/b", { silent: true }), signal);
    const sent = fake.delivered.map((each) => each.showsPreviews);
    await connection.edit?.({ chat: { id: chatId }, id }, plainText("see https://example.org/c"), signal);

    const shows = linkPreviews ?? false;
    assert.deepEqual([...sent, ...fake.delivered.map((each) => each.showsPreviews)], [shows, shows, shows, shows]);
  });
}
