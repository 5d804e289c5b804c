// iMessage by way of imsg: the child process against a Mac that the test holds.
import assert from "node:assert/strict";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FakeFile, type FakeImsg, fakeImsg, until } from "../../packages/fakes/src/index.ts";
import { imessage } from "../../packages/gateway/src/channels/imessage/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound, InboundMessage, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const never = new AbortController().signal;

interface Desk extends AsyncDisposable {
  readonly fake: FakeImsg;
  readonly bench: AccountBench;
  readonly connection: Connection;
}

/** A Mac, an account on it, and its open connection. */
async function desk(settings: Record<string, unknown> = {}): Promise<Desk> {
  const fake = await fakeImsg();
  const bench = new AccountBench(imessage, { ...fake.settings, ...settings });
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
  const queuedAt = Date.now();
  return { clientId: "0123456789abcdef0123", chat: { id: chatId }, text: plainText(text), queuedAt, ...rest };
}

function isMessage(text: string): (inbound: Inbound) => inbound is InboundMessage {
  return (inbound): inbound is InboundMessage => inbound.kind === "message" && inbound.text === text;
}

async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChannelError, String(error));
  return error;
}

const picture: FakeFile = {
  bytes: new Uint8Array(64).fill(7),
  mimeType: "image/png",
  fileName: "a.png",
  kind: "image",
};

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

test("a direct message is told whole", async () => {
  await using at = await desk();

  const said = await at.fake.says("hello", { from: "alice", at: 1_700_000_000_000 });

  assert.deepEqual(await at.bench.received("the message", isMessage("hello")), {
    kind: "message",
    keys: [said.id],
    at: 1_700_000_000_000,
    chat: { id: said.chatId, kind: "direct" },
    sender: { id: said.senderId },
    messageId: said.id,
    fromSelf: false,
    text: "hello",
    media: [],
    mentionsSelf: false,
  });
});

test("a group has its own id and name, and a reply names what it answers", async () => {
  await using at = await desk();
  const first = await at.fake.says("one", { in: { group: "Family" } });

  const said = await at.fake.says("two", { from: "bob", in: { group: "Family" }, replyTo: first.id });

  const received = await at.bench.received("the message", isMessage("two"));
  assert.deepEqual(received.chat, { id: said.chatId, kind: "group", title: "Family" });
  assert.deepEqual(received.replyTo, { messageId: first.id, fromSelf: false });
  assert.match(said.chatId, /^iMessage;\+;/);
});

test("in a group a mention addresses us, and so does a reply to us", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("one", { in: { group: "Family" } });
  const sent = await at.connection.send(outbound(chatId, "from us"), never);

  await at.fake.says("what now?", { in: { group: "Family" }, mentionsBot: true });
  await at.fake.says("and you?", { in: { group: "Family" }, replyTo: sent.id });

  assert.equal((await at.bench.received("the mention", isMessage("what now?"))).mentionsSelf, true);
  const reply = await at.bench.received("the reply", isMessage("and you?"));
  assert.deepEqual(reply.replyTo, { messageId: sent.id, fromSelf: true });
  assert.equal(reply.mentionsSelf, false);
});

test("a file is read from the folder of Messages", async () => {
  await using at = await desk();

  await at.fake.says("look", { files: [picture] });

  const { media } = await at.bench.received("the message", isMessage("look"));
  const { ref, ...rest } = media[0]!;
  assert.deepEqual(rest, { kind: "image", mimeType: "image/png", fileName: "a.png", sizeBytes: 64 });
  assert.deepEqual(await bytesOf(await at.connection.fetchMedia!(media[0]!, never)), Buffer.from(picture.bytes));
  assert.ok(ref.startsWith(at.fake.attachmentsRoot));
});

test("no other file is read, whatever a message names", async () => {
  await using at = await desk();
  const link = join(at.fake.attachmentsRoot, "link.png");
  symlinkSync("/etc/hostname", link);

  for (const ref of ["/etc/hostname", `${at.fake.attachmentsRoot}/../imsg`, link]) {
    const error = await failure(at.connection.fetchMedia!({ ref, kind: "image" }, never));
    assert.match(error.message, /not in the folder where Messages keeps its files/);
  }
});

test("a tapback of somebody is told", async () => {
  await using at = await desk();
  const { id } = await at.connection.send(outbound("+15550100", "hi"), never);

  await at.fake.reacts(id, "❤️", { from: "+15550100" });

  const received = await at.bench.received("the tapback", ({ kind }) => kind === "reaction");
  assert.equal(received.messageId, id);
  assert.ok(received.kind === "reaction" && received.emoji === "❤️" && !received.isRemoved);
});

test("a send learns its id from the echo, which is told as our own", async () => {
  await using at = await desk();

  const sent = await at.connection.send(outbound("+15550100", "hi there"), never);

  assert.deepEqual(
    at.fake.delivered.map(({ id, chatId, text }) => ({ id, chatId, text })),
    [{ id: sent.id, chatId: "+15550100", text: "hi there" }],
  );
  assert.equal((await at.bench.received("the echo", isMessage("hi there"))).fromSelf, true);
});

test("two sends with the same words have two ids", async () => {
  await using at = await desk();

  const one = await at.connection.send(outbound("+15550100", "ok"), never);
  const other = await at.connection.send(outbound("+15550100", "ok"), never);

  assert.deepEqual(
    at.fake.delivered.map(({ id }) => id),
    [one.id, other.id],
  );
});

test("a send has an id of its own when no echo comes", async () => {
  await using at = await desk();
  at.fake.echoes(false);

  const sent = await at.connection.send(outbound("+15550100", "hi"), never);

  assert.equal(sent.id, "sent:0123456789abcdef0123");
});

test("a file is sent", async () => {
  await using at = await desk();
  const path = join(at.bench.folder, "out.png");
  writeFileSync(path, "the bytes");
  const media = { path, kind: "image" as const, mimeType: "image/png", fileName: "out.png", sizeBytes: 9 };

  const sent = await at.connection.send(outbound("+15550100", "", { media }), never);

  const [delivered] = at.fake.delivered;
  assert.equal(delivered?.id, sent.id);
  assert.equal(Buffer.from(delivered!.files[0]!.bytes).toString(), "the bytes");
});

test("a group is written to by its id, and by its row", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello", { in: { group: "Family" } });

  await at.connection.send(outbound(chatId, "by guid"), never);
  await at.connection.send(outbound("chat_id:1", "by row"), never);

  assert.deepEqual(
    at.fake.delivered.map((each) => [each.chatId, each.text]),
    [
      [chatId, "by guid"],
      [chatId, "by row"],
    ],
  );
});

test("what is said while nobody watches is told at the next start, once", async () => {
  await using at = await desk();
  await at.fake.says("one");
  await at.bench.received("one", isMessage("one"));
  await at.connection[Symbol.asyncDispose]();
  await until(at.fake, "the end of the child", () => !at.fake.isLinked);

  await at.fake.says("two");
  await at.fake.says("three");
  await at.bench.open();

  await at.bench.received("three", isMessage("three"));
  assert.deepEqual(
    at.bench.inbound.map((inbound) => inbound.kind === "message" && inbound.text),
    ["one", "two", "three"],
  );
});

test("the first start begins with now, and a crash before the first message loses nothing", async () => {
  await using fake = await fakeImsg();
  await fake.says("long ago");
  await using bench = new AccountBench(imessage, fake.settings);
  const connection = await bench.open();
  await connection[Symbol.asyncDispose]();

  await fake.says("meanwhile");
  await bench.open();

  await bench.received("the message", isMessage("meanwhile"));
  assert.equal(bench.inbound.length, 1);
});

test("a message that the disk refuses is told again", async () => {
  await using at = await desk();
  at.bench.isDiskFull = true;

  await at.fake.says("kept by the Mac");
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.equal(closed.kind, "unavailable");
  at.bench.isDiskFull = false;
  await at.bench.open();
  await at.bench.received("the message", isMessage("kept by the Mac"));
});

test("a redelivery has the same key", async () => {
  await using at = await desk();
  await at.fake.says("hello");
  await at.fake.trouble({ kind: "redeliver" });
  await at.fake.says("end");

  await at.bench.received("the end", isMessage("end"));
  assert.equal(at.bench.inbound.length, 2);
});

test("what cannot be read ends nothing", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "malformed" });
  await at.fake.says("still here");

  await at.bench.received("the message", isMessage("still here"));
  assert.deepEqual(
    at.bench.inbound.map(({ kind }) => kind),
    ["unreadable", "message"],
  );
  assert.ok(at.bench.log.some(({ level }) => level === "warn"));
});

test("what the owner writes elsewhere is our own", async () => {
  await using at = await desk();

  await at.fake.ownerSays("from my phone", "bob");

  assert.equal((await at.bench.received("the message", isMessage("from my phone"))).fromSelf, true);
});

test("the copy that Messages makes of a message to oneself is not taken for somebody's", async () => {
  await using at = await desk();
  await at.connection.send(outbound("+15550100", "note to self"), never);

  await at.fake.says("note to self", { from: "+15550100" });
  await at.fake.says("end", { from: "+15550100" });

  await at.bench.received("the end", isMessage("end"));
  assert.deepEqual(
    at.bench.inbound.map(({ fromSelf }) => fromSelf),
    [true, true, false],
  );
});

test("a child that crashes in the middle of a line ends the connection", async () => {
  await using at = await desk();

  await at.fake.trouble({ kind: "cut" });

  const closed = await within(at.connection.closed, "the end of the connection");
  assert.equal(closed.kind, "network");
  await at.bench.open();
  await at.fake.says("again");
  await at.bench.received("the message", isMessage("again"));
});

test("a send whose answer is lost is in doubt, and found again", async () => {
  await using at = await desk();
  const message = outbound("+15550100", "once only");
  await at.fake.trouble({ kind: "accept-then-fail" });

  const error = await failure(at.connection.send(message, never));

  assert.equal(error.kind, "unknown");
  const next = await at.bench.open();
  assert.deepEqual(await next.findSent!(message, never), { id: at.fake.delivered[0]!.id });
});

test("a send that takes too long is waited for before it is looked for", async () => {
  await using at = await desk();
  const message = outbound("+15550100", "slow but sure");
  await at.fake.trouble({ kind: "slow", ms: 1_000 });

  const error = await failure(at.connection.send(message, AbortSignal.timeout(200)));
  const found = await at.connection.findSent!(message, never);

  assert.equal(error.kind, "unknown");
  assert.deepEqual(found, { id: at.fake.delivered[0]!.id });
  assert.equal(at.fake.delivered.length, 1);
});

test("a message that was never sent is known to be absent", async () => {
  await using at = await desk();
  await at.connection.send(outbound("+15550100", "something else"), never);

  assert.equal(await at.connection.findSent!(outbound("+15550100", "never sent"), never), "absent");
});

test("after the end of the child nothing is sent", async () => {
  await using at = await desk();
  await at.fake.trouble({ kind: "cut" });
  await within(at.connection.closed, "the end of the connection");

  assert.equal((await failure(at.connection.send(outbound("+15550100", "hi"), never))).kind, "not-sent");
});

test("a refusal is final, and says what to do", async () => {
  await using at = await desk();
  await at.fake.says("hello", { in: { group: "Family" } });
  at.fake.expels("Family");

  const error = await failure(at.connection.send(outbound("chat_id:1", "hi"), never));

  assert.equal(error.kind, "rejected");
  assert.match(error.message, /Messages has no conversation chat_id:1 .* start it once/);
});

test("a missing permission is said in a sentence", async () => {
  await using at = await desk();
  at.fake.permits("no-automation");
  const refused = await failure(at.connection.send(outbound("+15550100", "hi"), never));
  at.fake.permits("no-full-disk-access");

  const closed = await within(at.connection.closed, "the end of the connection");

  assert.match(refused.message, /allow it to control Messages/);
  assert.deepEqual([refused.kind, closed.kind], ["not-sent", "unavailable"]);
  assert.match(closed.message, /Full Disk Access/);
  assert.match((await failure(at.bench.open())).message, /Full Disk Access/);
  assert.match((await failure(probe(at.bench))).message, /Full Disk Access/);
});

async function probe(bench: AccountBench) {
  return await imessage.probe!(bench.context(new AbortController().signal) as never);
}

test("a program that is not there is named", async () => {
  await using bench = new AccountBench(imessage, { cliPath: "/nowhere/imsg" });

  const error = await failure(bench.open());

  assert.equal(error.kind, "unavailable");
  assert.match(error.message, /imsg was not found as "\/nowhere\/imsg"; install it/);
});

test("another Mac is reached over ssh, its files too", async () => {
  await using fake = await fakeImsg();
  const ssh = join(fake.folder, "ssh");
  writeFileSync(
    ssh,
    '#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift; [ "$1" = mac.local ] && shift\nexec sh -c "$*"\n',
  );
  chmodSync(ssh, 0o700);
  await using bench = new AccountBench(imessage, { ...fake.settings, remoteHost: "mac.local" });
  const context = bench.context(new AbortController().signal);
  await using connection = await imessage.open({
    ...context,
    env: { ...context.env, PATH: `${fake.folder}:${process.env.PATH}` },
  } as never);
  await fake.says("look", { files: [{ ...picture, fileName: "it's a $(pic).png" }] });

  const { media } = await bench.received("the message", isMessage("look"));

  assert.deepEqual(await bytesOf(await connection.fetchMedia!(media[0]!, never)), Buffer.from(picture.bytes));
  const outside = { ref: `${fake.attachmentsRoot}/../imsg`, kind: "image" as const };
  const stolen = failure(connection.fetchMedia!(outside, never).then(bytesOf));
  assert.match((await stolen).message, /not in the folder where Messages keeps its files/);
  assert.match(connection.absent?.mediaOut ?? "", /ssh/);
});
