// WhatsApp: the client library against a multi-device service on loopback, end-to-end encryption included.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FakeFile, type FakeWhatsApp, fakeWhatsApp, until } from "../../packages/fakes/src/index.ts";
import { whatsapp } from "../../packages/gateway/src/channels/whatsapp/channel.ts";
import { ChannelError, type Connection, type LoginStep } from "../../packages/gateway/src/kit/channel.ts";
import type {
  Inbound,
  InboundMessage,
  MediaKind,
  Outbound,
  OutboundMedia,
} from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const never = new AbortController().signal;

interface Desk extends AsyncDisposable {
  readonly fake: FakeWhatsApp;
  readonly bench: AccountBench;
}

/** A fake, and an account that is not linked yet. */
async function unlinked(settings: Record<string, unknown> = {}): Promise<Desk> {
  const fake = await fakeWhatsApp();
  const bench = new AccountBench(whatsapp, { ...fake.settings, ...settings });
  return {
    fake,
    bench,
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}

/** A desk whose account is linked and connected. */
async function desk(settings: Record<string, unknown> = {}): Promise<Desk & { connection: Connection }> {
  const at = await unlinked(settings);
  await link(at);
  const connection = await at.bench.open();
  await at.fake.linked();
  return { ...at, connection };
}

function login({ bench }: Desk, phoneNumber?: string): AsyncIterable<LoginStep> {
  const context = { ...bench.context(never), ...(phoneNumber && { phoneNumber }) };
  return whatsapp.login?.(context as never) as AsyncIterable<LoginStep>;
}

/** Links the account by QR; returns the steps. */
async function link(at: Desk): Promise<LoginStep[]> {
  const steps: LoginStep[] = [];
  for await (const step of login(at)) {
    steps.push(step);
    if (step.kind === "qr") await at.fake.scan(step.text);
  }
  return steps;
}

/** Ends the connection and opens the next one, as a restart does. */
async function reopen(at: Desk, connection: Connection): Promise<Connection> {
  await connection[Symbol.asyncDispose]();
  return await at.bench.open();
}

let sends = 0;

function outbound(chatId: string, text: string, rest: Partial<Outbound> = {}): Outbound {
  const clientId = (++sends).toString(16).padStart(20, "0");
  return { clientId, chat: { id: chatId }, text: plainText(text), queuedAt: 0, ...rest };
}

function isMessage(text: string): (inbound: Inbound) => inbound is InboundMessage {
  return (inbound): inbound is InboundMessage => inbound.kind === "message" && inbound.text === text;
}

function isKind<Kind extends Inbound["kind"]>(kind: Kind) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: Kind }> => inbound.kind === kind;
}

function texts(bench: AccountBench): string[] {
  return bench.inbound.flatMap((inbound) => (inbound.kind === "message" ? [inbound.text] : []));
}

function file(kind: MediaKind, mimeType: string, bytes = 70_001): FakeFile {
  return { bytes: new Uint8Array(bytes).fill(7), mimeType, fileName: `a.${mimeType.split("/")[1]}`, kind };
}

function stored(bench: AccountBench, kind: MediaKind, mimeType: string): OutboundMedia {
  const path = join(bench.folder, "out.bin");
  writeFileSync(path, "the bytes");
  return { path, kind, mimeType, fileName: "out.bin", sizeBytes: 9 };
}

async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelError, String(error));
  return error;
}

test("a QR code that is scanned links the account", async () => {
  await using at = await unlinked();

  const steps = await link(at);
  const connection = await at.bench.open();

  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ["qr", "waiting", "done"],
  );
  assert.equal(connection.self.id, at.fake.number);
  assert.equal(at.fake.isLinked, true);
});

test("a code that is typed on the phone links the account; a wrong one does not", async () => {
  await using at = await unlinked();
  const steps: LoginStep[] = [];

  for await (const step of login(at, at.fake.number)) {
    steps.push(step);
    if (step.kind !== "code") continue;
    await assert.rejects(at.fake.scan("WRNG-1234"), /the code is wrong/);
    await at.fake.scan(step.code);
  }
  const connection = await at.bench.open();

  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ["code", "waiting", "done"],
  );
  assert.equal(connection.self.id, at.fake.number);
});

test("a login for something that is no phone number is refused with the form of one", async () => {
  await using at = await unlinked();

  const error = await failure(Array.fromAsync(login(at, "12")));

  assert.equal(error.kind, "rejected");
  assert.match(error.message, /^12 is no phone number/);
});

test("a QR code of a login that was given up is out of date, and leaves nothing behind", async () => {
  await using at = await unlinked();
  let shown = "";

  for await (const step of login(at)) {
    if (step.kind === "qr") shown = step.text;
    break;
  }
  await until(at.fake, "the end of the link", () => true);

  await assert.rejects(at.fake.scan(shown), /out of date|has gone/);
  assert.match(whatsapp.missing({}, at.bench.state) ?? "", /run moltbot channels login whatsapp/);
});

test("a login that is cut off says so", async () => {
  await using at = await unlinked();
  const steps = login(at)[Symbol.asyncIterator]();
  await steps.next();

  await at.fake.trouble({ kind: "cut" });

  const error = await failure(steps.next());
  assert.equal(error.kind, "network");
  assert.match(error.message, /run moltbot channels login whatsapp again/);
});

test("a second login takes the place of the first session", async () => {
  await using at = await unlinked();
  await link(at);

  await link(at);
  await at.bench.open();

  await at.fake.says("to the new device");
  await at.bench.received("the message", isMessage("to the new device"));
});

test("an account that is not linked says how to link it", async () => {
  await using at = await unlinked();

  const error = await failure(at.bench.open());

  assert.equal(error.kind, "logged-out");
  assert.match(error.message, /run moltbot channels login whatsapp/);
});

test("a direct message is told whole", async () => {
  await using at = await desk();

  const said = await at.fake.says("hello", { from: "Alice", at: 1_700_000_000_000 });

  const received = await at.bench.received("the message", isMessage("hello"));
  const lid = received.sender.aliases?.[1];
  assert.match(lid ?? "", /^\d+@lid$/);
  assert.deepEqual(received, {
    kind: "message",
    keys: [`${said.chatId} ${said.senderId} ${said.id}`],
    at: 1_700_000_000_000,
    chat: { id: said.chatId, kind: "direct" },
    sender: { id: said.senderId, name: "Alice", aliases: [said.chatId, lid] },
    messageId: said.id,
    fromSelf: false,
    text: "hello",
    media: [],
    mentionsSelf: false,
  });
});

test("a group's message names the group, its author by number, and a mention of us", async () => {
  await using at = await desk();

  const first = await at.fake.says("all", { from: "Alice", in: { group: "Family" } });
  const second = await at.fake.says("you", { from: "Bob", in: { group: "Family" }, mentionsBot: true });

  const membership = await at.bench.received("the invitation", isKind("membership"));
  const all = await at.bench.received("the first message", isMessage("all"));
  const you = await at.bench.received("the second message", isMessage("you"));
  assert.equal(membership.isMember, true);
  assert.deepEqual(all.chat, { id: first.chatId, kind: "group", title: "Family" });
  assert.deepEqual([all.sender.id, all.sender.name, all.mentionsSelf], [first.senderId, "Alice", false]);
  assert.deepEqual([you.sender.id, you.sender.name, you.mentionsSelf], [second.senderId, "Bob", true]);
});

test("a group's title is learnt at the next start, too", async () => {
  await using at = await unlinked();
  await link(at);
  const connection = await at.bench.open();
  await at.fake.says("one", { in: { group: "Old" } });
  await at.bench.received("one", isMessage("one"));
  at.bench.state.write({ [`title/${at.bench.inbound.at(-1)?.chat.id}`]: undefined });

  const { chat } = at.bench.inbound[0] as Inbound;
  await reopen(at, connection);
  await at.fake.says("two", { in: { group: "Old" } });
  await at.bench.received("two", isMessage("two"));
  await at.fake.says("three", { in: { group: "Old" } });

  const three = await at.bench.received("three", isMessage("three"));
  assert.deepEqual(three.chat, { ...chat, title: "Old" });
});

test("an answer to a message of ours says so", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const sent = await at.connection.send(outbound(chatId, "how are you?"), never);
  await until(at.fake, "the message", () => at.fake.delivered.length === 1);

  await at.fake.says("fine", { replyTo: sent.id });

  const fine = await at.bench.received("the answer", isMessage("fine"));
  assert.deepEqual(fine.replyTo, { messageId: sent.id, fromSelf: true, text: "how are you?", isClaimed: true });
});

test("edits, deletions and reactions name their message", async () => {
  await using at = await desk();
  const said = await at.fake.says("helo");

  await at.fake.edits(said, "hello");
  await at.fake.reacts(said.id, "👍");
  await at.fake.reacts(said.id, "");
  await at.fake.unsends(said);

  await at.bench.received("the deletion", isKind("unsend"));
  assert.deepEqual(
    at.bench.inbound.slice(1).map((inbound) => ({ ...inbound, keys: [], at: 0, sender: inbound.sender.id })),
    [
      {
        ...{ kind: "edit", text: "hello", media: [], mentionsSelf: false },
        messageKeys: [`${said.chatId} ${said.senderId} ${said.id}`],
      },
      { kind: "reaction", emoji: "👍", isRemoved: false },
      { kind: "reaction", emoji: "", isRemoved: true },
      { kind: "unsend" },
    ].map((rest) => ({
      ...rest,
      keys: [],
      at: 0,
      chat: { id: said.chatId, kind: "direct" },
      sender: said.senderId,
      messageId: said.id,
      fromSelf: false,
    })),
  );
});

test("what the owner writes on the phone is the account's own; to itself, it is the self-chat", async () => {
  await using at = await desk();

  const toAlice = await at.fake.ownerSays("lunch?", "Alice");
  const toSelf = await at.fake.ownerSays("note");

  const lunch = await at.bench.received("the message to Alice", isMessage("lunch?"));
  const note = await at.bench.received("the note", isMessage("note"));
  assert.deepEqual([lunch.fromSelf, lunch.chat], [true, { id: toAlice.chatId, kind: "direct" }]);
  assert.deepEqual([note.fromSelf, note.chat], [true, { id: toSelf.chatId, kind: "direct", isSelf: true }]);
  assert.equal(note.sender.id, at.fake.number);
});

test("an answer in the self-chat arrives on the owner's phone", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.ownerSays("note");

  await at.connection.send(outbound(chatId, "noted"), never);

  await until(at.fake, "the answer", () => at.fake.delivered.some(({ text }) => text === "noted"));
  assert.equal(at.fake.delivered[0]?.chatId, chatId);
});

test("a message arrives as its reader sees it, under an id of ours", async () => {
  await using at = await desk();
  const said = await at.fake.says("hello");

  const message = outbound(said.chatId, "*hi* _there_", {
    replyTo: { chat: { id: said.chatId }, id: said.id, senderId: said.senderId },
  });
  const sent = await at.connection.send(message, never);

  const [delivered] = await until(at.fake, "the message", () => at.fake.delivered.length > 0 && at.fake.delivered);
  assert.deepEqual(sent, { id: `3EB0${message.clientId.toUpperCase()}` });
  assert.deepEqual(
    { ...delivered, at: 0 },
    {
      id: sent.id,
      chatId: said.chatId,
      text: "hi there",
      raw: "*hi* _there_",
      replyTo: said.id,
      files: [],
      poll: undefined,
      edits: 0,
      isUnsent: false,
      clientId: sent.id,
      at: 0,
    },
  );
});

test("a message that is sent again is seen once", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const message = outbound(chatId, "hi");

  await at.connection.send(message, never);
  await at.connection.send(message, never);

  await until(at.fake, "the repeat", () => at.fake.repeats === 1);
  assert.equal(at.fake.delivered.length, 1);
});

test("a stranger can be written to first", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("my number", { from: "Carol" });
  const other = await at.fake.says("mine", { from: "Dave" });

  await at.connection.send(outbound(chatId, "hello Carol"), never);
  await at.connection.send({ ...outbound("", "hello Dave"), chat: whatsapp.target(other.senderId) }, never);

  await until(at.fake, "both", () => at.fake.delivered.length === 2);
  assert.deepEqual(
    at.fake.delivered.map((each) => [each.chatId, each.text]),
    [
      [chatId, "hello Carol"],
      [other.chatId, "hello Dave"],
    ],
  );
});

test("everybody in a group reads what we send to it", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("one", { from: "Alice", in: { group: "Family" } });
  await at.connection.send(outbound(chatId, "to Alice"), never);
  await at.fake.says("two", { from: "Bob", in: { group: "Family" } });

  await at.connection.send(outbound(chatId, "to both"), never);

  await until(at.fake, "both", () => at.fake.delivered.length === 2);
  assert.deepEqual(
    at.fake.delivered.map((each) => [each.chatId, each.text]),
    [
      [chatId, "to Alice"],
      [chatId, "to both"],
    ],
  );
});

test("our messages can be edited, taken back and reacted with", async () => {
  await using at = await desk();
  const said = await at.fake.says("hello", { in: { group: "Family" } });
  const chat = { id: said.chatId };
  const first = await at.connection.send(outbound(said.chatId, "helo"), never);
  const second = await at.connection.send(outbound(said.chatId, "wrong"), never);
  const theirs = { chat, id: said.id, senderId: said.senderId };

  await at.connection.edit?.({ chat, id: first.id, isOwn: true }, plainText("hello"), never);
  await at.connection.unsend?.({ chat, id: second.id, isOwn: true }, never);
  await at.connection.react?.(theirs, "👀", { remove: false }, never);

  await until(at.fake, "the reaction", () => at.fake.reactions.length === 1);
  assert.deepEqual(at.fake.reactions, [{ messageId: said.id, emoji: "👀" }]);
  assert.deepEqual(
    at.fake.delivered.map(({ text, edits, isUnsent }) => ({ text, edits, isUnsent })),
    [
      { text: "hello", edits: 1, isUnsent: false },
      { text: "wrong", edits: 0, isUnsent: true },
    ],
  );
  await at.connection.react?.(theirs, "👀", { remove: true }, never);
  await until(at.fake, "the removal", () => at.fake.reactions.length === 0);
});

test("a poll shows its question and its answers", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("what's for lunch?");
  const options = ["soup", "salad"];

  await at.connection.poll?.(
    { clientId: "00000000000000000abc", chat: { id: chatId }, question: "Lunch?", options, maxSelections: 1 },
    never,
  );

  const [poll] = await until(at.fake, "the poll", () => at.fake.delivered.length > 0 && at.fake.delivered);
  assert.deepEqual(poll?.poll, { question: "Lunch?", options });
});

test("typing is shown and ends", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");

  await at.connection.typing?.({ id: chatId }, true);
  await until(at.fake, "typing", () => at.fake.typingIn.includes(chatId));
  await at.connection.typing?.({ id: chatId }, false);

  await until(at.fake, "its end", () => at.fake.typingIn.length === 0);
  assert.equal(at.fake.typingCount, 1);
});

test("messages are shown as read when they are marked", async () => {
  await using at = await desk();
  const direct = await at.fake.says("hello");
  const group = await at.fake.says("all", { in: { group: "Family" } });
  await at.bench.received("both", isMessage("all"));

  await at.connection.markRead?.(
    [direct, group].map(({ id, chatId, senderId }) => ({ id, chat: { id: chatId }, senderId })),
  );

  await until(at.fake, "both receipts", () => at.fake.read.length === 2);
  assert.deepEqual(at.fake.read.toSorted(), [direct.id, group.id].toSorted());
});

test("nothing is shown as read when that is switched off", async () => {
  await using at = await desk({ sendReadReceipts: false });
  const { id, chatId, senderId } = await at.fake.says("hello");

  await at.connection.markRead?.([{ id, chat: { id: chatId }, senderId }]);
  await at.connection.send(outbound(chatId, "after"), never);

  assert.deepEqual(at.fake.read, []);
});

test("files come in, and can still be fetched after a restart", async () => {
  await using at = await desk();
  const files = [
    file("image", "image/png"),
    file("voice", "audio/ogg; codecs=opus"),
    file("document", "text/plain", 0),
  ];

  await at.fake.says("look", { files });
  await at.bench.received("the last file", (inbound) => "media" in inbound && inbound.media[0]?.kind === "document");
  const connection = await reopen(at, at.connection);

  const media = at.bench.inbound.flatMap((inbound) => (inbound.kind === "message" ? inbound.media : []));
  assert.deepEqual(
    media.map(({ kind, mimeType }) => [kind, mimeType]),
    files.map(({ kind, mimeType }) => [kind, mimeType]),
  );
  assert.deepEqual(texts(at.bench), ["look", "", ""]);
  for (const [index, each] of media.entries()) {
    const parts = await Array.fromAsync((await connection.fetchMedia?.(each, never)) ?? []);
    assert.deepEqual(new Uint8Array(Buffer.concat(parts)), files[index]?.bytes);
  }
});

test("a file that WhatsApp no longer has, or that lies elsewhere, is refused", async () => {
  await using at = await desk();
  const ref = (path: string) => JSON.stringify({ path, key: Buffer.alloc(32).toString("base64"), use: "Image" });
  const fetchMedia = async (path: string) => await at.connection.fetchMedia?.({ ref: ref(path), kind: "image" }, never);

  const gone = await failure(fetchMedia("/v/gone.enc"));
  const elsewhere = await failure(fetchMedia(".example.com/file"));

  assert.deepEqual([gone.kind, elsewhere.kind], ["rejected", "rejected"]);
  assert.match(gone.message, /ask for it to be sent again/);
});

test("files go out as what they are, with their text", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("send me things");
  const kinds = [
    ["image", "image/png"],
    ["document", "text/plain"],
    ["voice", "audio/ogg"],
  ] as const;

  for (const [kind, mimeType] of kinds) {
    await at.connection.send(outbound(chatId, `a ${kind}`, { media: stored(at.bench, kind, mimeType) }), never);
  }

  await until(at.fake, "all", () => at.fake.delivered.length === 4);
  assert.deepEqual(
    at.fake.delivered.map(({ text, files: [sent] }) => [text, sent?.kind, sent && Buffer.from(sent.bytes).toString()]),
    [
      ["a image", "image", "the bytes"],
      ["a document", "document", "the bytes"],
      ["", "voice", "the bytes"],
      ["a voice", undefined, undefined],
    ],
  );
});

test("what is said while nobody listens is told at the next start, once and in order", async () => {
  await using at = await desk();
  await at.fake.says("one");
  await at.bench.received("one", isMessage("one"));
  await at.connection[Symbol.asyncDispose]();

  const more = Array.from({ length: 30 }, (_, index) => `while away ${index}`);
  for (const text of more) await at.fake.says(text);
  await at.bench.open();
  await at.bench.received("the last one", isMessage("while away 29"));

  assert.deepEqual(texts(at.bench), ["one", ...more]);
});

test("a message that could not be stored is delivered again", async () => {
  await using at = await desk();
  at.bench.isDiskFull = true;

  await at.fake.says("kept by WhatsApp");
  await at.fake.says("in a group", { in: { group: "Family" } });
  const closed = await within(at.connection.closed, "the end of the connection");
  at.bench.isDiskFull = false;
  await at.bench.open();

  assert.equal(closed.kind, "unavailable");
  await at.bench.received("the message", isMessage("kept by WhatsApp"));
  await at.bench.received("the group's message", isMessage("in a group"));
});

test("a message that is delivered twice is told once, and the next ones still arrive", async () => {
  await using at = await desk();
  await at.fake.says("once");
  await at.bench.received("the message", isMessage("once"));

  await at.fake.trouble({ kind: "redeliver" });
  await at.fake.says("after");

  await at.bench.received("the next one", isMessage("after"));
  assert.deepEqual(texts(at.bench), ["once", "after"]);
});

test("a message that cannot be opened is asked for again", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "malformed" });

  await at.bench.received("the message behind the damage", isMessage("damaged"));
  await at.fake.says("after");
  await at.bench.received("the next one", isMessage("after"));
});

test("somebody who cannot open our message gets it again", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const sessions = Object.fromEntries(at.bench.state.entries("key/session/"));
  await at.connection.send(outbound(chatId, "one"), never);
  await at.connection[Symbol.asyncDispose]();

  // A kill after the message left and before its keys were kept: they are used a second time.
  at.bench.state.write(sessions);
  const connection = await at.bench.open();
  await connection.send(outbound(chatId, "two"), never);

  await until(at.fake, "both", () => at.fake.delivered.length === 2);
  assert.deepEqual(
    at.fake.delivered.map(({ text }) => text),
    ["one", "two"],
  );
});

test("damaged credentials are replaced by the ones before them", async () => {
  await using at = await desk();
  await at.connection[Symbol.asyncDispose]();

  at.bench.state.write({ creds: "{" });
  await at.bench.open();

  await at.fake.says("still linked");
  await at.bench.received("the message", isMessage("still linked"));
});

test("a refused message says why", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  await at.fake.trouble({ kind: "refuse" });

  const error = await failure(at.connection.send(outbound(chatId, "no"), never));

  assert.equal(error.kind, "rejected");
  assert.match(error.message, /^WhatsApp refused the message/);
});

test("a send waits for a slow service", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  await at.fake.trouble({ kind: "slow", ms: 300 });
  const before = performance.now();

  await at.connection.send(outbound(chatId, "slowly"), never);

  assert.ok(performance.now() - before >= 290);
});

test("a send that is not answered is in doubt, and repeating it doubles nothing", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const message = outbound(chatId, "hi");
  await at.fake.trouble({ kind: "accept-then-fail" });

  const error = await failure(at.connection.send(message, never));
  const connection = await reopen(at, at.connection);
  await connection.send(message, never);

  await until(at.fake, "the repeat", () => at.fake.repeats === 1);
  assert.equal(error.kind, "unknown");
  assert.equal(at.fake.delivered.length, 1);
});

test("a link that is cut in the middle of a frame ends as a problem of the network", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "cut" });

  const closed = await within(at.connection.closed, "the end of the connection");
  const error = await failure(at.connection.send(outbound("15551234567@s.whatsapp.net", "late"), never));
  assert.deepEqual([closed.kind, error.kind], ["network", "not-sent"]);
  await at.bench.open();
});

test("a service that is down is a problem of the network", async () => {
  await using at = await desk();
  await at.connection[Symbol.asyncDispose]();
  await at.fake.trouble({ kind: "down" });

  const error = await failure(at.bench.open());
  await at.fake.trouble({ kind: "up" });

  assert.equal(error.kind, "network");
  await at.bench.open();
});

test("an account that is logged out on the phone asks for a login", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "revoke" });

  const closed = await within(at.connection.closed, "the end of the connection");
  const error = await failure(at.bench.open());
  assert.deepEqual([closed.kind, error.kind], ["logged-out", "logged-out"]);
  assert.match(closed.message, /run moltbot channels login whatsapp/);
});

test("a session that is taken over is not fought for", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "replace" });

  const closed = await within(at.connection.closed, "the end of the connection");
  assert.equal(closed.kind, "replaced");
});

test("a blocked number is told as such", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "ban" });

  const closed = await within(at.connection.closed, "the end of the connection");
  const error = await failure(at.bench.open());
  assert.deepEqual([closed.kind, error.kind], ["banned", "banned"]);
});

test("a second gateway on the machine is refused, with the process that has the session", async () => {
  await using at = await desk();

  const error = await failure(at.bench.open());

  assert.equal(error.kind, "replaced");
  assert.ok(error.message.includes(`process ${process.pid} `), error.message);
  await at.fake.says("undisturbed");
  await at.bench.received("the message", isMessage("undisturbed"));
});

test("being removed from a group is told, and sends to it are refused", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("all", { in: { group: "Family" } });
  await at.bench.received("the message", isMessage("all"));

  await at.fake.trouble({ kind: "remove-from-group", group: "Family" });
  await at.bench.received("the removal", (inbound) => inbound.kind === "membership" && !inbound.isMember);
  const error = await failure(at.connection.send(outbound(chatId, "still here?"), never));

  assert.equal(error.kind, "rejected");
  assert.match(error.message, /removed from it/);
});

test("a logout takes the device out of the phone's linked ones", async () => {
  await using at = await desk();
  await at.connection[Symbol.asyncDispose]();

  await whatsapp.logout?.(at.bench.context(never) as never);

  assert.equal((await failure(at.bench.open())).kind, "logged-out");
  await whatsapp.logout?.(at.bench.context(never) as never);
});

test("keys are neither logged nor printed", async (t) => {
  const printed: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    t.mock.method(stream, "write", (...all: Parameters<typeof write>) => {
      printed.push(String(all[0]));
      return write(...all);
    });
  }
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  await at.connection.send(outbound(chatId, "hi"), never);

  // A session is replaced by a newer one: the library prints both.
  await at.fake.trouble({ kind: "malformed" });
  await at.bench.received("the message behind the damage", isMessage("damaged"));

  const told = JSON.stringify(at.bench.log) + printed.join("");
  const keys = [...at.bench.state.entries("")].flatMap(([, value]) => value.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? []);
  assert.ok(keys.length > 800);
  assert.deepEqual(
    keys.filter((key) => told.includes(key) || told.includes(Buffer.from(key, "base64").toString("hex"))),
    [],
  );
  assert.doesNotMatch(told, /privKey|chainKey|<Buffer/);
});
