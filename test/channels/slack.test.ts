// Slack: the client libraries against a workspace on loopback.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FakeFile, type FakeSlack, fakeSlack, until } from "../../packages/fakes/src/index.ts";
import { slack } from "../../packages/gateway/src/channels/slack/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type {
  Inbound,
  InboundMessage,
  Outbound,
  OutboundMedia,
} from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const never = new AbortController().signal;

interface Desk extends AsyncDisposable {
  readonly fake: FakeSlack;
  readonly bench: AccountBench;
  readonly connection: Connection;
}

/** A fake, an account on it, and its open connection. */
async function desk(options: Parameters<typeof fakeSlack>[0] = {}): Promise<Desk> {
  const fake = await fakeSlack(options);
  const bench = new AccountBench(slack, fake.settings);
  const connection = await bench.open();
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
  return {
    clientId: "0123456789abcdef0123",
    chat: { id: chatId },
    text: plainText(text),
    queuedAt: Date.now(),
    ...rest,
  };
}

function isMessage(text: string): (inbound: Inbound) => inbound is InboundMessage {
  return (inbound): inbound is InboundMessage => inbound.kind === "message" && inbound.text === text;
}

function isKind<Kind extends Inbound["kind"]>(kind: Kind) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: Kind }> => inbound.kind === kind;
}

function texts(bench: AccountBench): string[] {
  return bench.inbound.flatMap((each) => (each.kind === "message" ? [each.text] : []));
}

function file(kind: FakeFile["kind"], mimeType: string, bytes = 64): FakeFile {
  return { bytes: new Uint8Array(bytes).fill(7), mimeType, fileName: `a.${mimeType.split("/")[1]}`, kind };
}

function stored(bench: AccountBench): OutboundMedia {
  const path = join(bench.folder, "out.png");
  writeFileSync(path, "the bytes");
  return { path, kind: "image", mimeType: "image/png", fileName: "out.png", sizeBytes: 9 };
}

async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelError);
  return error;
}

test("the account is who the token says, with all that its scopes allow", async () => {
  await using at = await desk();

  assert.deepEqual(at.connection.self, { id: "U0BOT", name: "moltbot", username: "moltbot", isBot: true });
  assert.deepEqual(at.connection.absent, {});
});

test("a capability without its scope is absent with the reason", async () => {
  await using at = await desk({ scopes: ["chat:write", "files:read", "files:write", "reactions:read", "commands"] });

  const fix = "add it under OAuth & Permissions and install the app again.";
  assert.deepEqual(at.connection.absent, {
    typing: `The app lacks assistant:write; ${fix}`,
    reactionOut: `The app lacks reactions:write; ${fix}`,
  });
});

test("a direct message is told whole, and acknowledged", async () => {
  await using at = await desk();

  const said = await at.fake.says("1 < 2 & so on", { from: "Alice" });

  const received = await at.bench.received("the message", isMessage("1 < 2 & so on"));
  await until(at.fake, "the ack", () => at.fake.acks === 1);
  // The history may have told it first; then there is no event to name.
  assert.deepEqual(
    { ...received, keys: received.keys.slice(0, 1) },
    {
      kind: "message",
      keys: [`message:${said.chatId}:${said.id}`],
      at: Math.floor(Number(said.id) * 1000),
      chat: { id: said.chatId, kind: "direct", spaceId: "T0FAKE" },
      sender: { id: said.senderId, name: "Alice", username: "alice", isBot: false },
      messageId: said.id,
      fromSelf: false,
      text: "1 < 2 & so on",
      media: [],
      mentionsSelf: false,
    },
  );
});

test("nothing is acknowledged before it is on disk, and nothing is lost", async () => {
  await using at = await desk();
  await at.fake.says("first");
  await at.bench.received("the first", isMessage("first"));
  at.bench.isDiskFull = true;

  await at.fake.says("second");
  const closed = await within(at.connection.closed, "the end of the connection");
  at.bench.isDiskFull = false;
  await at.bench.open();

  await at.bench.received("the second", isMessage("second"));
  assert.equal(closed.kind, "unavailable");
  assert.deepEqual(texts(at.bench), ["first", "second"]);
});

test("a mention makes two events and one message", async () => {
  await using at = await desk();

  await at.fake.says("are you there?", { in: { group: "General" }, mentionsBot: true });
  await at.fake.says("well?", { in: { group: "General" } });

  await at.bench.received("the next one", isMessage("well?"));
  assert.deepEqual(
    at.bench.inbound.map((each) => each.kind === "message" && [each.text, each.mentionsSelf, each.chat.title]),
    [
      ["are you there?", true, "#general"],
      ["well?", false, "#general"],
    ],
  );
});

test("a redelivered event is taken in once", async () => {
  await using at = await desk();
  await at.fake.says("once");

  await at.fake.trouble({ kind: "redeliver" });
  await at.fake.says("after");

  await at.bench.received("the next message", isMessage("after"));
  await until(at.fake, "all acks", () => at.fake.acks === 3);
  assert.deepEqual(texts(at.bench), ["once", "after"]);
});

test("what is said while nobody listens is read from the history, threads too", async () => {
  await using at = await desk();
  const place = { in: { group: "General" } };
  await at.fake.says("in the channel", place);
  await at.fake.says("in the thread", { ...place, thread: "plans" });
  await at.bench.received("the thread's message", isMessage("in the thread"));
  await at.connection[Symbol.asyncDispose]();
  await at.fake.trouble({ kind: "down" });

  await at.fake.says("missed in the channel", place);
  await at.fake.says("missed in the thread", { ...place, thread: "plans" });
  await at.fake.says("missed from somebody new", { from: "Bob" });
  await at.fake.trouble({ kind: "up" });
  await at.bench.open();

  await at.bench.received("the thread's missed message", isMessage("missed in the thread"));
  assert.deepEqual(texts(at.bench).sort(), [
    "in the channel",
    "in the thread",
    "missed from somebody new",
    "missed in the channel",
    "missed in the thread",
  ]);
});

test("a thousand messages that waited come in order, once", async () => {
  await using at = await desk();
  await at.fake.says("before");
  await at.bench.received("the first", isMessage("before"));
  await at.connection[Symbol.asyncDispose]();
  await at.fake.trouble({ kind: "down" });
  const missed = Array.from({ length: 900 }, (_, index) => `message ${index}`);
  for (const text of missed) await at.fake.says(text);

  await at.fake.trouble({ kind: "up" });
  await at.bench.open();
  await at.bench.received("the last one", isMessage("message 899"));

  assert.deepEqual(texts(at.bench), ["before", ...missed]);
});

test("a thread is answered in the thread", async () => {
  await using at = await desk();
  const said = await at.fake.says("in here", { in: { group: "General" }, thread: "plans" });
  const { chat } = await at.bench.received("the message", isMessage("in here"));

  await at.connection.send(outbound(said.chatId, "yes", { chat: { id: chat.id, threadId: chat.threadId } }), never);

  assert.deepEqual(
    at.fake.delivered.map(({ text, thread, clientId }) => [text, thread, clientId]),
    [["yes", "plans", "0123456789abcdef0123"]],
  );
});

test("edits, deletions, reactions, presses and removals are told; echoes of our own are not", async () => {
  await using at = await desk();
  const said = await at.fake.says("first");
  await at.fake.edits(said, "second");
  await at.fake.reacts(said.id, "👍");
  const buttons = [[{ label: "Allow", data: "allow:1" }]];
  const sent = await at.connection.send(outbound(said.chatId, "May I?", { buttons }), never);
  await at.connection.edit!({ chat: { id: said.chatId }, id: sent.id }, plainText("May I now?"), never);
  await at.fake.presses(sent.id, "allow:1");
  await at.fake.unsends(said);
  await at.fake.says("hello", { in: { group: "General" } });
  await at.fake.trouble({ kind: "remove-from-group", group: "General" });

  const { text } = await at.bench.received("the edit", isKind("edit"));
  const { emoji } = await at.bench.received("the reaction", isKind("reaction"));
  const { data } = await at.bench.received("the press", isKind("button"));
  const { messageId } = await at.bench.received("the deletion", isKind("unsend"));
  const { isMember } = await at.bench.received("the removal", isKind("membership"));
  assert.deepEqual([text, emoji, data, messageId, isMember], ["second", "👍", "allow:1", said.id, false]);
  assert.equal(at.bench.inbound.length, 7);
});

test("a command in a channel is answered to who gave it, in a direct conversation to the conversation", async () => {
  await using at = await desk();
  const given = await at.fake.commands("help", "me", { in: { group: "General" } });
  const command = await at.bench.received("the command", isMessage("/help me"));
  await at.fake.commands("what is new?", "");
  const question = await at.bench.received("the question", isMessage("what is new?"));

  const answer = await at.connection.send(outbound(given.chatId, "you can ask", { via: command.via }), never);
  const reply = await at.connection.send(outbound(question.chat.id, "not much", { via: question.via }), never);
  const late = await failure(
    at.connection.send(outbound(given.chatId, "x", { via: `${new URL(command.via!).origin}/response/none` }), never),
  );
  const edit = await failure(
    at.connection.edit!({ chat: { id: given.chatId }, id: answer.id }, plainText("new"), never),
  );

  assert.deepEqual(
    [command.isCommand, command.mentionsSelf, late.kind, edit.kind],
    [true, true, "rejected", "rejected"],
  );
  assert.deepEqual(
    at.fake.delivered.map(({ text, chatId, clientId }) => [text, chatId, clientId !== undefined]),
    [
      ["you can ask", given.chatId, false],
      ["not much", question.chat.id, true],
    ],
  );
  assert.match(reply.id, /^\d+\.\d+$/);
});

test("a file comes in and can be read", async () => {
  await using at = await desk();

  await at.fake.says("look", { files: [file("image", "image/png", 3000), file("voice", "audio/mp4")] });
  const { media } = await at.bench.received("the files", isMessage("look"));
  const bytes = await Array.fromAsync(await at.connection.fetchMedia!(media[0]!, never));

  assert.deepEqual(media, [
    { ref: media[0]?.ref, kind: "image", mimeType: "image/png", fileName: "a.png", sizeBytes: 3000 },
    { ref: media[1]?.ref, kind: "voice", mimeType: "audio/mp4", fileName: "a.mp4", sizeBytes: 64 },
  ]);
  assert.equal(Buffer.concat(bytes).length, 3000);
});

test("a file leaves with its text, in the thread, and is named by its message", async () => {
  await using at = await desk();
  const said = await at.fake.says("in here", { in: { group: "General" }, thread: "plans" });
  const { chat } = await at.bench.received("the message", isMessage("in here"));

  const sent = await at.connection.send(
    outbound(said.chatId, "look", { media: stored(at.bench), chat: { id: chat.id, threadId: chat.threadId } }),
    never,
  );

  const [delivered] = at.fake.delivered;
  assert.deepEqual([delivered?.id, delivered?.text, delivered?.thread], [sent.id, "look", "plans"]);
  assert.equal(Buffer.from(delivered!.files[0]!.bytes).toString(), "the bytes");
});

test("a message is edited, taken back, reacted to, and a status is shown", async () => {
  await using at = await desk();
  const said = await at.fake.says("hello");
  await at.bench.received("the message", isMessage("hello"));
  const chat = { id: said.chatId };
  const sent = await at.connection.send(outbound(said.chatId, "one"), never);

  await at.connection.edit!({ chat, id: sent.id }, { text: "_two_", plain: "two" }, never);
  await at.connection.react!({ chat, id: said.id }, "✅", { remove: false }, never);
  await at.connection.react!({ chat, id: said.id }, "✅", { remove: false }, never);
  await at.connection.typing!(chat, true);
  const [typingIn, reactions] = [at.fake.typingIn, at.fake.reactions];
  await at.connection.typing!(chat, false);
  await at.connection.react!({ chat, id: said.id }, "✅", { remove: true }, never);
  await at.connection.unsend!({ chat, id: sent.id }, never);
  await at.connection.unsend!({ chat, id: sent.id }, never);

  assert.deepEqual([typingIn, reactions], [[said.chatId], [{ messageId: said.id, emoji: "✅" }]]);
  assert.deepEqual([at.fake.typingIn, at.fake.reactions], [[], []]);
  assert.deepEqual(
    at.fake.delivered.map(({ text, edits, isUnsent }) => [text, edits, isUnsent]),
    [["two", 1, true]],
  );
});

test("a person is written to by their id", async () => {
  await using at = await desk();
  const said = await at.fake.says("hello");

  const sent = await at.connection.send(outbound(said.senderId, "a word"), never);

  assert.equal(sent.chatId, said.chatId);
});

test("a file that is gone is refused, and nothing is sent", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const media = { ...stored(at.bench), path: "/nowhere/at/all.png" };

  const error = await failure(at.connection.send(outbound(chatId, "look", { media }), never));

  assert.deepEqual([error.kind, at.fake.delivered], ["rejected", []]);
});

test("each trouble with a send has its kind, and a doubtful one is found", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const send = (rest: Partial<Outbound> = {}) => failure(at.connection.send(outbound(chatId, "x", rest), never));

  await at.fake.trouble({ kind: "rate-limit", retryAfterMs: 3000 });
  const limited = await send();
  const absent = await at.connection.findSent!(outbound(chatId, "x"), never);
  await at.fake.trouble({ kind: "accept-then-fail", times: 3 });
  const doubtful = [await send(), await send(), await send()];
  const found = await at.connection.findSent!(outbound(chatId, "x"), never);
  await at.fake.trouble({ kind: "refuse" });
  const refused = await send();
  const nobody = await send({ chat: { id: "C0NOBODY" } });
  await at.fake.trouble({ kind: "down" });
  await within(at.connection.closed, "the end of the connection");
  const down = await failure(at.connection.send(outbound(chatId, "x"), never));

  assert.deepEqual([limited.kind, limited.retryAfterMs, absent], ["rate-limited", 3000, "absent"]);
  assert.deepEqual(
    doubtful.map(({ kind }) => kind),
    ["unknown", "unknown", "unknown"],
  );
  assert.ok(typeof found === "object" && at.fake.delivered.some(({ id }) => id === found.id));
  assert.equal(at.fake.delivered.length, 3);
  assert.deepEqual([refused.kind, nobody.kind, down.kind], ["rejected", "rejected", "not-sent"]);
});

test("a doubtful file is found", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const message = outbound(chatId, "look", { media: stored(at.bench) });

  await at.fake.trouble({ kind: "accept-then-fail" });
  const doubtful = await failure(at.connection.send(message, never));
  const found = await at.connection.findSent!(message, never);

  assert.equal(doubtful.kind, "unknown");
  assert.deepEqual(found, { id: at.fake.delivered[0]?.id });
});

test("a refresh opens the next socket before the old one is gone", async () => {
  await using at = await desk();

  at.fake.refreshes();
  await until(at.fake, "the next socket", () => at.fake.sockets === 1);
  await at.fake.says("still here");

  await at.bench.received("the message", isMessage("still here"));
  assert.equal(at.fake.calls.filter((call) => call === "apps.connections.open").length, 2);
});

test("a cut is mended at once", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "cut" });
  await at.fake.says("after the cut");

  await at.bench.received("the message", isMessage("after the cut"));
});

test("malformed events are told as unreadable where they can be named, and take no other with them", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "malformed" });
  await at.fake.says("still here");

  await at.bench.received("the next message", isMessage("still here"));
  const { why } = await at.bench.received("the unreadable one", isKind("unreadable"));
  assert.equal(why, "Slack sent a message that is not as its Events API describes messages.");
  assert.equal(at.bench.inbound.length, 2);
});

test("messages of other apps are marked, joins are recorded and not told", async () => {
  await using at = await desk();
  const said = await at.fake.says("beep", { asBot: true, from: "Robot", in: { group: "General" } });

  at.fake.pushes({
    type: "message",
    subtype: "channel_join",
    user: "U0001",
    channel: said.chatId,
    ts: "1.1",
    text: "x",
  });
  await at.fake.says("after", { in: { group: "General" } });

  await at.bench.received("the next message", isMessage("after"));
  const [robot, joined] = at.bench.inbound;
  assert.deepEqual([robot?.sender.isBot, joined?.kind === "unread" && joined.what], [true, "channel_join"]);
});

test("a platform that is down ends the connection, and a new one goes on", async () => {
  await using at = await desk();
  await at.fake.says("before");
  await at.bench.received("the first", isMessage("before"));

  await at.fake.trouble({ kind: "down" });
  const closed = await within(at.connection.closed, "the end of the connection");
  await at.fake.says("said in between");
  await at.fake.trouble({ kind: "up" });
  await at.bench.open();

  await at.bench.received("the message", isMessage("said in between"));
  assert.equal(closed.kind, "network");
});

test("revoked tokens end the connection, and none can be opened", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "revoke" });
  const closed = await within(at.connection.closed, "the end of the connection");
  const again = await failure(at.bench.open());

  assert.deepEqual([closed.kind, again.kind], ["bad-credentials", "bad-credentials"]);
  assert.equal(
    again.message,
    "Slack rejected the bot token (invalid_auth); install the app again and set channels.slack.botToken.",
  );
});

test("Socket Mode that is switched off ends the connection", async () => {
  await using at = await desk();

  at.fake.refreshes("link_disabled");
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.equal(closed.kind, "bad-credentials");
});

test("a probe tries both tokens", async () => {
  await using fake = await fakeSlack();
  await using bench = new AccountBench(slack, fake.settings);
  await using wrong = new AccountBench(slack, { ...fake.settings, appToken: fake.settings.botToken });

  const self = await slack.probe!(bench.context(never) as never);
  const error = await failure(slack.probe!(wrong.context(never) as never));

  assert.equal(self.id, "U0BOT");
  assert.deepEqual([error.kind, /app-level token/.test(error.message)], ["bad-credentials", true]);
});

for (const linkPreviews of [undefined, true]) {
  test(`links that an agent writes get ${linkPreviews ? "a" : "no"} preview, edited too; nobody is mentioned`, async () => {
    await using fake = await fakeSlack();
    await using bench = new AccountBench(slack, { ...fake.settings, ...(linkPreviews && { linkPreviews }) });
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");

    const { id } = await connection.send(outbound(chatId, "<!channel> see https://example.org/a"), never);
    const sent = fake.delivered.map((each) => each.showsPreviews);
    await connection.edit?.({ chat: { id: chatId }, id }, plainText("<!here> see https://example.org/b"), never);

    const shows = linkPreviews ?? false;
    assert.deepEqual([...sent, ...fake.delivered.map((each) => each.showsPreviews)], [shows, shows]);
    assert.equal(fake.delivered[0]?.raw, "&lt;!here&gt; see https://example.org/b");
  });
}
