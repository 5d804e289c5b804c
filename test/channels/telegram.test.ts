// Telegram: the client library against a Bot API on loopback.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type FakeFile, type FakeTelegram, fakeTelegram, until } from "../../packages/fakes/src/index.ts";
import { telegram } from "../../packages/gateway/src/channels/telegram/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type {
  Inbound,
  InboundMessage,
  Outbound,
  OutboundMedia,
} from "../../packages/gateway/src/kit/channel-message.ts";
import { shown } from "../../packages/gateway/src/kit/text/sender-text.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const never = new AbortController().signal;

interface Desk extends AsyncDisposable {
  readonly fake: FakeTelegram;
  readonly bench: AccountBench;
  readonly connection: Connection;
}

/** A fake, an account on it, and its open connection. */
async function desk(settings: Record<string, unknown> = {}): Promise<Desk> {
  const fake = await fakeTelegram();
  const bench = new AccountBench(telegram, { ...fake.settings, ...settings });
  const connection = await bench.open();
  await fake.linked();
  return {
    fake,
    bench,
    connection,
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}

function outbound(chatId: string, text: string, rest: Partial<Outbound> = {}): Outbound {
  return { clientId: "0123456789abcdef0123", chat: { id: chatId }, text: plainText(text), queuedAt: 0, ...rest };
}

function isMessage(text: string): (inbound: Inbound) => inbound is InboundMessage {
  return (inbound): inbound is InboundMessage => inbound.kind === "message" && shown(inbound, "telegram") === text;
}

function isKind<Kind extends Inbound["kind"]>(kind: Kind) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: Kind }> => inbound.kind === kind;
}

function file(kind: FakeFile["kind"], mimeType: string, bytes = 64): FakeFile {
  return { bytes: new Uint8Array(bytes).fill(7), mimeType, fileName: `a.${mimeType.split("/")[1]}`, kind };
}

function stored(bench: AccountBench, kind: OutboundMedia["kind"], mimeType: string): OutboundMedia {
  const path = join(bench.folder, "out.bin");
  writeFileSync(path, "the bytes");
  return { path, kind, mimeType, fileName: `out.${mimeType.split("/")[1]}`, sizeBytes: 9 };
}

async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelError);
  return error;
}

test("a Bot API server of one's own that has moved is followed", async () => {
  await using platform = await fakeTelegram();
  const moved = createServer((request, response) => {
    response.writeHead(308, { location: `${platform.apiRoot}${request.url}` }).end();
  }).listen(0, "127.0.0.1");
  using _closed = {
    [Symbol.dispose]() {
      moved.closeAllConnections();
      moved.close();
    },
  };
  await once(moved, "listening");
  const { port } = moved.address() as AddressInfo;
  await using bench = new AccountBench(telegram, { ...platform.settings, apiRoot: `http://127.0.0.1:${port}` });

  const connection = await within(bench.open(), "the account to be connected");
  const { chatId } = await platform.says("hello");
  const { id } = await connection.send(outbound(chatId, "moved"), never);

  assert.deepEqual([platform.delivered[0]?.id, platform.delivered[0]?.text], [id, "moved"]);
});

test("the account is who the token says", async () => {
  await using at = await desk();

  assert.deepEqual(at.connection.self, { id: "123456789", name: "Moltbot", username: "moltbot_fake_bot", isBot: true });
  assert.deepEqual(at.fake.menu, ["help", "stop"]);
});

test("a direct message is told whole", async () => {
  await using at = await desk();

  const said = await at.fake.says("hello", { from: "Alice", at: 1_700_000_000_000 });

  const received = await at.bench.received("the message", isMessage("hello"));
  assert.deepEqual(received, {
    kind: "message",
    keys: [`message:123456789:${said.chatId}:${said.id}`],
    at: 1_700_000_000_000,
    chat: { id: said.chatId, kind: "direct", title: "Alice" },
    sender: { id: said.senderId, name: "Alice", username: "alice", isBot: false },
    messageId: said.id,
    fromSelf: false,
    text: "hello",
    media: [],
    mentionsSelf: false,
  });
});

test("an update is confirmed only after it is on disk", async () => {
  await using at = await desk();
  at.bench.isDiskFull = true;

  await at.fake.says("kept by Telegram");
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.equal(closed.kind, "unavailable");
  assert.deepEqual(at.fake.unconfirmed, [700_000_000]);
  at.bench.isDiskFull = false;
  await at.bench.open();
  await at.bench.received("the message", isMessage("kept by Telegram"));
  await until(at.fake, "the confirmation", () => at.fake.isLinked && at.fake.unconfirmed.length === 0);
});

test("what is said while nobody listens is told at the next start, once", async () => {
  await using at = await desk();
  await at.fake.says("one");
  await at.bench.received("one", isMessage("one"));
  await at.connection[Symbol.asyncDispose]();

  await at.fake.says("two");
  await at.fake.says("three");
  await at.bench.open();
  await at.bench.received("three", isMessage("three"));

  assert.deepEqual(
    at.bench.inbound.map((inbound) => inbound.kind === "message" && inbound.text),
    ["one", "two", "three"],
  );
});

test("a message that Telegram tells twice is taken in once", async () => {
  await using at = await desk();
  await at.fake.says("once");

  await at.fake.trouble({ kind: "redeliver" });
  await at.fake.says("after");

  await at.bench.received("the next message", isMessage("after"));
  assert.equal(at.bench.inbound.length, 2);
});

test("a thousand messages that waited come in order", async () => {
  await using fake = await fakeTelegram();
  const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
  for (const text of texts) await fake.says(text);
  await using bench = new AccountBench(telegram, fake.settings);

  await bench.open();
  await bench.received("the last one", isMessage("message 999"));

  assert.deepEqual(
    bench.inbound.map((inbound) => inbound.kind === "message" && inbound.text),
    texts,
  );
});

test("in a group, mentions, commands and answers are told apart", async () => {
  await using at = await desk();
  const group = { group: "Friends" };
  const first = await at.fake.says("just talk", { in: group });
  const { id } = await at.connection.send(outbound(first.chatId, "I am here"), never);

  await at.fake.says("hi", { in: group, mentionsBot: true });
  await at.fake.says("indeed", { in: group, replyTo: id });
  await at.fake.commands("help", "me", { in: group });
  await at.fake.says("/help@other_bot", { in: group });
  await at.fake.says("/unknown", { in: group });
  await at.bench.received("the last one", isMessage("/unknown"));

  const told = at.bench.inbound.map(
    (each) => each.kind === "message" && [each.text, each.mentionsSelf, each.isCommand ?? false, each.chat.kind],
  );
  assert.deepEqual(told, [
    ["just talk", false, false, "group"],
    ["hi", true, false, "group"],
    ["indeed", true, false, "group"],
    ["/help me", true, true, "group"],
    ["/help@other_bot", false, false, "group"],
    ["/unknown", false, false, "group"],
  ]);
});

test("an answer names what it answers", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const { id } = await at.connection.send(outbound(chatId, "hi there"), never);

  await at.fake.says("what?", { replyTo: id });

  const { replyTo } = await at.bench.received("the answer", isMessage("what?"));
  assert.deepEqual(replyTo, {
    ...{ messageId: id, fromSelf: true, text: "hi there" },
    ...{ senderId: "123456789", senderName: "Moltbot" },
  });
});

test("a forum topic is a thread, in both directions", async () => {
  await using at = await desk();
  const said = await at.fake.says("in here", { in: { group: "Forum" }, thread: "Plans" });
  const { chat, replyTo } = await at.bench.received("the message", isMessage("in here"));

  await at.connection.send(outbound(said.chatId, "yes", { chat: { id: chat.id, threadId: chat.threadId } }), never);
  await at.connection.send(outbound(said.chatId, "everywhere", { chat: { id: chat.id, threadId: "1" } }), never);

  assert.equal(replyTo, undefined);
  assert.deepEqual(
    at.fake.delivered.map(({ text, thread }) => [text, thread]),
    [
      ["yes", "Plans"],
      ["everywhere", undefined],
    ],
  );
});

test("a closed topic refuses in a sentence", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello", { in: { group: "Forum" } });

  const error = await failure(
    at.connection.send(outbound(chatId, "lost", { chat: { id: chatId, threadId: "99" } }), never),
  );

  assert.equal(error.kind, "rejected");
  assert.equal(error.message, `The topic in chat ${chatId} is closed or was deleted.`);
});

test("an album comes as messages with one album id", async () => {
  await using at = await desk();

  await at.fake.says("holidays", { files: [file("image", "image/jpeg", 500), file("video", "video/mp4")] });

  const first = await at.bench.received("the captioned photo", isMessage("holidays"));
  const second = await at.bench.received(
    "the video",
    (each): each is InboundMessage => each.kind === "message" && each.media[0]?.kind === "video",
  );
  assert.ok(first.albumId);
  assert.equal(second.albumId, first.albumId);
  assert.equal(first.media[0]?.sizeBytes, 500);
});

const kinds: readonly [FakeFile["kind"], string, string | undefined][] = [
  ["image", "image/jpeg", undefined],
  ["video", "video/mp4", "a.mp4"],
  ["audio", "audio/mpeg", "a.mpeg"],
  ["voice", "audio/ogg", undefined],
  ["sticker", "image/webp", undefined],
  ["document", "application/pdf", "a.pdf"],
];
for (const [kind, mimeType, fileName] of kinds)
  test(`a file of kind ${kind} comes in and can be read`, async () => {
    await using at = await desk();

    await at.fake.says("", { files: [file(kind, mimeType, 3000)] });
    const { media } = await at.bench.received("the file", isMessage(""));
    const bytes = await Array.fromAsync(await at.connection.fetchMedia!(media[0]!, never));

    assert.deepEqual(media, [{ ref: media[0]?.ref, kind, mimeType, ...(fileName && { fileName }), sizeBytes: 3000 }]);
    assert.equal(Buffer.concat(bytes).length, 3000);
  });

test("a file that Telegram gives no bot is refused in a sentence", async () => {
  await using at = await desk();
  await at.fake.says("", { files: [file("document", "application/zip", 21 * 1024 * 1024)] });
  const { media } = await at.bench.received("the file", isMessage(""));

  const error = await failure(at.connection.fetchMedia!(media[0]!, never));

  assert.equal(error.kind, "rejected");
  assert.equal(error.message, "Telegram gives bots no files over 20 MB; ask for a smaller one or a link.");
});

test("the address behind a linked word is told", async () => {
  await using at = await desk();

  await at.fake.sends({
    text: "see here",
    entities: [{ type: "text_link", offset: 4, length: 4, url: "https://example.org" }],
  });

  await at.bench.received("the message in words", isMessage("see here (https://example.org)"));
});

test("edits, reactions, presses, posts, moves and removals are told", async () => {
  await using at = await desk();
  const said = await at.fake.says("first");
  await at.fake.edits(said, "second");
  await at.fake.reacts(said.id, "👍");
  const buttons = [[{ label: "Allow", data: "allow:1" }]];
  const { id } = await at.connection.send(outbound(said.chatId, "May I?", { buttons }), never);
  await at.fake.presses(id, "allow:1");
  await at.fake.posts("news", "The paper");
  const moved = await at.fake.migrates("Old group");
  await at.fake.says("hello", { in: { group: "Friends" } });
  await at.fake.trouble({ kind: "remove-from-group", group: "Friends" });

  const { text } = await at.bench.received("the edit", isKind("edit"));
  const { emoji, isRemoved, messageId } = await at.bench.received("the reaction", isKind("reaction"));
  const { data } = await at.bench.received("the press", isKind("button"));
  const { chat, sender } = await at.bench.received("the post", isMessage("news"));
  const { toChatId } = await at.bench.received("the move", isKind("moved"));
  const { isMember } = await at.bench.received("the removal", isKind("membership"));
  await until(at.fake, "the answered press", () => at.fake.unansweredPresses === 0);
  assert.deepEqual(
    { text, emoji, isRemoved, messageId, data, kind: chat.kind, sender: sender.name, toChatId, isMember },
    {
      text: "second",
      emoji: "👍",
      isRemoved: false,
      messageId: said.id,
      data: "allow:1",
      kind: "channel",
      sender: "The editor",
      toChatId: moved.to,
      isMember: false,
    },
  );
});

test("a malformed message is told as unreadable and takes no other with it", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "malformed" });
  at.fake.pushes("message", { chat: null });
  at.fake.pushes("callback_query", { id: 5 });
  await at.fake.says("still here");

  await at.bench.received("the next message", isMessage("still here"));
  const { why } = await at.bench.received("the unreadable one", isKind("unreadable"));
  assert.equal(why, "Telegram sent a message that is not as its Bot API describes messages.");
  assert.equal(at.bench.inbound.length, 2);
});

test("text with markup is sent as HTML, with what it answers", async () => {
  await using at = await desk();
  const said = await at.fake.says("hello");
  const text = { text: "<b>1 &lt; 2</b>", plain: "1 < 2" };
  const replyTo = { chat: { id: said.chatId }, id: said.id };

  const sent = await at.connection.send(outbound(said.chatId, "", { text, replyTo, silent: true }), never);

  const [delivered] = at.fake.delivered;
  assert.deepEqual(
    [delivered?.id, delivered?.text, delivered?.raw, delivered?.replyTo],
    [sent.id, "1 < 2", "<b>1 &lt; 2</b>", said.id],
  );
});

test("an answer to a message that is gone is sent all the same", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");

  await at.connection.send(outbound(chatId, "hi", { replyTo: { chat: { id: chatId }, id: "4711" } }), never);

  assert.equal(at.fake.delivered[0]?.replyTo, undefined);
});

const sendable: readonly [OutboundMedia["kind"], string, string][] = [
  ["image", "image/png", "sendPhoto"],
  ["image", "image/svg+xml", "sendDocument"],
  ["image", "image/gif", "sendAnimation"],
  ["video", "video/mp4", "sendVideo"],
  ["audio", "audio/mpeg", "sendAudio"],
  ["voice", "audio/ogg; codecs=opus", "sendVoice"],
  ["document", "text/plain", "sendDocument"],
];
for (const [kind, mimeType, method] of sendable)
  test(`${mimeType} as ${kind} leaves by ${method}`, async () => {
    await using at = await desk();
    const { chatId } = await at.fake.says("hello");
    const media = stored(at.bench, kind, mimeType);

    await at.connection.send(outbound(chatId, "look", { media }), never);

    const [delivered] = at.fake.delivered;
    assert.equal(at.fake.calls.at(-1), method);
    assert.equal(delivered?.text, "look");
    assert.equal(Buffer.from(delivered.files[0]!.bytes).toString(), "the bytes");
  });

test("a message is edited, taken back, reacted to, and typing is shown", async () => {
  await using at = await desk();
  const { chatId, id } = await at.fake.says("hello");
  const chat = { id: chatId };
  const sent = await at.connection.send(outbound(chatId, "one"), never);
  const photo = await at.connection.send(
    outbound(chatId, "under", { media: stored(at.bench, "image", "image/png") }),
    never,
  );

  await at.connection.edit!({ chat, id: sent.id }, { text: "<i>two</i>", plain: "two" }, never);
  await at.connection.edit!({ chat, id: sent.id }, { text: "<i>two</i>", plain: "two" }, never);
  await at.connection.edit!({ chat, id: photo.id }, plainText("new caption"), never);
  await at.connection.react!({ chat, id }, "✅", { remove: false }, never);
  await at.connection.typing!(chat, true);
  const typingIn = at.fake.typingIn;
  const reactions = [...at.fake.reactions];
  await at.connection.react!({ chat, id }, "✅", { remove: true }, never);
  await at.connection.unsend!({ chat, id: sent.id }, never);
  await at.connection.unsend!({ chat, id: sent.id }, never);

  assert.deepEqual(typingIn, [chatId]);
  assert.deepEqual(reactions, [{ messageId: id, emoji: "👍" }]);
  assert.deepEqual(at.fake.reactions, []);
  assert.deepEqual(
    at.fake.delivered.map(({ text, edits, isUnsent }) => [text, edits, isUnsent]),
    [
      ["two", 1, true],
      ["new caption", 1, false],
    ],
  );
});

test("a reaction that Telegram lacks is refused", async () => {
  await using at = await desk();
  const { chatId, id } = await at.fake.says("hello");

  const error = await failure(at.connection.react!({ chat: { id: chatId }, id }, "🧀", { remove: false }, never));

  assert.equal(error.kind, "rejected");
});

test("a poll is sent", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const poll = { clientId: "0", chat: { id: chatId }, question: "Tea?", options: ["yes", "no"], maxSelections: 1 };

  const sent = await at.connection.poll!(poll, never);

  assert.ok(sent.pollId);
  assert.deepEqual(at.fake.delivered[0]?.poll, { question: "Tea?", options: ["yes", "no"] });
});

test("a send to a group that became a supergroup goes to the new id", async () => {
  await using at = await desk();
  const oldId = await at.fake.basicGroup("Old group");
  await at.connection[Symbol.asyncDispose]();
  const { to } = await at.fake.migrates("Old group");
  const connection = await at.bench.open();

  const sent = await connection.send(outbound(oldId, "still you?"), never);
  await connection.send(outbound(oldId, "good"), never);

  const { toChatId } = await at.bench.received("the move", isKind("moved"));
  assert.deepEqual([sent.chatId, toChatId], [to, to]);
  assert.equal(at.bench.inbound.filter(isKind("moved")).length, 1);
  assert.deepEqual(
    at.fake.delivered.map(({ text, chatId }) => [text, chatId]),
    [
      ["still you?", to],
      ["good", to],
    ],
  );
});

test("a file that is gone is refused, and nothing is sent", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const media = { ...stored(at.bench, "image", "image/png"), path: "/nowhere/at/all.png" };

  const error = await failure(at.connection.send(outbound(chatId, "look", { media }), never));

  assert.deepEqual([error.kind, at.fake.delivered], ["rejected", []]);
});

test("each trouble with a send has its kind", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const markup = { text: "<b>x</b>", plain: "x" };
  const send = (rest: Partial<Outbound> = {}) => failure(at.connection.send(outbound(chatId, "x", rest), never));

  await at.fake.trouble({ kind: "rate-limit", retryAfterMs: 3000 });
  const limited = await send();
  await at.fake.trouble({ kind: "accept-then-fail", times: 3 });
  const doubtful = [await send(), await send(), await send()];
  await at.fake.trouble({ kind: "refuse" });
  const blocked = await send();
  await at.fake.trouble({ kind: "refuse-markup" });
  const unreadable = await send({ text: markup });
  const wrong = await send({ text: { text: "<x>", plain: "x" } });
  const tooLong = await send({ text: plainText("x".repeat(4097)) });
  const nobody = await send({ chat: { id: "1" } });
  await at.fake.trouble({ kind: "down" });
  await within(at.connection.closed, "the end of the connection");
  const refused = await send();

  assert.deepEqual([limited.kind, limited.retryAfterMs], ["rate-limited", 3000]);
  assert.deepEqual(
    doubtful.map(({ kind }) => kind),
    ["unknown", "unknown", "unknown"],
  );
  assert.equal(at.fake.delivered.length, 3);
  assert.deepEqual(
    [blocked, unreadable, wrong, tooLong, nobody, refused].map(({ kind }) => kind),
    ["rejected", "bad-format", "bad-format", "rejected", "rejected", "not-sent"],
  );
  assert.equal(blocked.message, `The person of chat ${chatId} has blocked the bot; they have to unblock it.`);
});

test("a cut poll is taken up again at once", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "cut" });
  await at.fake.says("after the cut");

  await at.bench.received("the message", isMessage("after the cut"));
});

test("a platform that is down ends the connection, and a new one goes on", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "down" });
  const closed = await within(at.connection.closed, "the end of the connection");
  await at.fake.says("said in between");
  await at.fake.trouble({ kind: "up" });
  await at.bench.open();

  await at.bench.received("the message", isMessage("said in between"));
  assert.equal(closed.kind, "network");
  assert.equal(closed.message, "Telegram cannot be reached (ECONNREFUSED); check the network.");
});

test("a second instance ends the connection for good", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "replace" });
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.equal(closed.kind, "replaced");
});

test("a revoked token ends the connection, and none can be opened", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "revoke" });
  const closed = await within(at.connection.closed, "the end of the connection");
  const again = await failure(at.bench.open());

  assert.deepEqual([closed.kind, again.kind], ["bad-credentials", "bad-credentials"]);
});

test("the token never stands in the log or in an error", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  await at.fake.trouble({ kind: "down" });

  const error = await failure(at.connection.send(outbound(chatId, "x"), never));
  const closed = await within(at.connection.closed, "the end of the connection");

  const written = JSON.stringify([at.bench.log, error.message, error.cause, closed.message, closed.cause]);
  assert.doesNotMatch(written, /AAFake/);
});

test("a probe says who the token belongs to", async () => {
  await using fake = await fakeTelegram();
  await using bench = new AccountBench(telegram, fake.settings);
  await using wrong = new AccountBench(telegram, { ...fake.settings, botToken: "1:wrong" });

  const self = await telegram.probe!(bench.context(never) as never);
  const error = await failure(telegram.probe!(wrong.context(never) as never));

  assert.equal(self.username, "moltbot_fake_bot");
  assert.equal(error.kind, "bad-credentials");
});

for (const [settings, showsPreviews] of [
  [{}, false],
  [{ linkPreviews: true }, true],
] as const)
  test(`links that an agent writes get ${showsPreviews ? "a" : "no"} preview with ${JSON.stringify(settings)}, edited too`, async () => {
    await using at = await desk(settings);
    const { chatId } = await at.fake.says("hello");

    const { id } = await at.connection.send(outbound(chatId, "see https://example.org/a"), never);
    const sent = at.fake.delivered.map((each) => each.showsPreviews);
    await at.connection.edit?.({ chat: { id: chatId }, id }, plainText("see https://example.org/b"), never);

    assert.deepEqual([...sent, ...at.fake.delivered.map((each) => each.showsPreviews)], [showsPreviews, showsPreviews]);
  });

test("a link that names a person mentions nobody", async () => {
  const dialect = await telegram.dialect();

  assert.equal(dialect.link("x", "tg://user?id=5"), "x (tg://user?id=5)");
});
