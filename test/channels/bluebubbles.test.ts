// iMessage by way of BlueBubbles: REST and webhooks against a server on loopback.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type FakeBlueBubbles, type FakeFile, fakeBlueBubbles, until } from "../../packages/fakes/src/index.ts";
import { imessage } from "../../packages/gateway/src/channels/imessage/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound, InboundMessage, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const never = new AbortController().signal;

interface Desk extends AsyncDisposable {
  readonly fake: FakeBlueBubbles;
  readonly bench: AccountBench;
  readonly connection: Connection;
}

/** A server, an account on it that is called by webhooks, and its open connection. */
async function desk(settings: Record<string, unknown> = {}, prepare?: (fake: FakeBlueBubbles) => void): Promise<Desk> {
  const fake = await fakeBlueBubbles();
  prepare?.(fake);
  const port = createServer();
  await once(port.listen(0, "127.0.0.1"), "listening");
  const webhookUrl = `http://127.0.0.1:${(port.address() as AddressInfo).port}`;
  const bench = new AccountBench(imessage, { ...fake.settings, pollSeconds: 3600, webhookUrl, ...settings });
  serve(port, bench);
  const connection = await bench.open();
  await fake.linked();
  return {
    fake,
    bench,
    connection,
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
      port.closeAllConnections();
      port.close();
    },
  };
}

/** Hands requests to the account's webhooks, as the gateway's port does. */
function serve(port: Server, bench: AccountBench): void {
  port.on("request", async (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
    const call = { query, headers: request.headers };
    const webhook = bench.webhooks.get(pathname);
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const status = !webhook ? 404 : webhook.authorized(call) ? await webhook.handle(body, call) : 401;
    response.writeHead(status).end();
  });
}

function outbound(chatId: string, text: string, rest: Partial<Outbound> = {}): Outbound {
  const queuedAt = Date.now();
  return { clientId: "0123456789abcdef0123", chat: { id: chatId }, text: plainText(text), queuedAt, ...rest };
}

function isMessage(text: string): (inbound: Inbound) => inbound is InboundMessage {
  return (inbound): inbound is InboundMessage => inbound.kind === "message" && inbound.text === text;
}

function isKind<Kind extends Inbound["kind"]>(kind: Kind) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: Kind }> => inbound.kind === kind;
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

test("a direct message is told whole", async () => {
  await using at = await desk();

  const said = await at.fake.says("hello");

  const { at: _at, ...received } = await at.bench.received("the message", isMessage("hello"));
  assert.deepEqual(received, {
    kind: "message",
    keys: [said.id],
    chat: { id: said.chatId, kind: "direct" },
    sender: { id: said.senderId },
    messageId: said.id,
    fromSelf: false,
    text: "hello",
    media: [],
    mentionsSelf: false,
  });
  assert.deepEqual(at.connection.self, { id: "moltbot@example.com" });
});

test("a webhook needs the secret", async () => {
  await using at = await desk();
  const address = new URL(at.fake.webhooks[0]!);
  const event = { type: "new-message", data: { guid: "FORGED", text: "forged", chats: [{ guid: "iMessage;-;+1" }] } };

  for (const secret of ["", "wrong"]) {
    address.searchParams.set("secret", secret);
    const response = await fetch(address, { method: "POST", body: JSON.stringify(event) });
    assert.equal(response.status, 401);
  }

  assert.deepEqual(at.bench.inbound, []);
});

test("the webhook is registered once, and an old one of ours is removed", async () => {
  await using at = await desk();
  await at.connection[Symbol.asyncDispose]();
  const [first] = at.fake.webhooks;

  const again = await at.bench.open();
  assert.deepEqual(at.fake.webhooks, [first]);
  await again[Symbol.asyncDispose]();
  at.bench.state.write({ webhookSecret: "another" });
  await at.bench.open();

  assert.equal(at.fake.webhooks.length, 1);
  assert.match(at.fake.webhooks[0]!, /secret=another$/);
});

test("a group has its own id and name, and a reply names what it answers", async () => {
  await using at = await desk();
  const first = await at.fake.says("one", { in: { group: "Family" } });

  const said = await at.fake.says("two", { from: "bob", in: { group: "Family" }, replyTo: first.id });

  const received = await at.bench.received("the message", isMessage("two"));
  assert.deepEqual(received.chat, { id: said.chatId, kind: "group", title: "Family" });
  assert.deepEqual(received.replyTo, { messageId: first.id, fromSelf: false });
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

test("a file is fetched from the server", async () => {
  await using at = await desk();
  await at.fake.says("look", { files: [picture] });

  const { media } = await at.bench.received("the message", isMessage("look"));
  const opened = await at.connection.fetchMedia!(media[0]!, never);

  assert.deepEqual(Buffer.concat(await Array.fromAsync(opened)), Buffer.from(picture.bytes));
  const { ref: _, ...rest } = media[0]!;
  assert.deepEqual(rest, { kind: "image", mimeType: "image/png", fileName: "a.png", sizeBytes: 64 });
  const gone = await failure(at.connection.fetchMedia!({ ref: "GONE-0", kind: "image" }, never));
  assert.equal(gone.kind, "rejected");
});

test("edits, tapbacks and messages taken back are told, each with its own key", async () => {
  await using at = await desk();
  const said = await at.fake.says("helo");
  await at.fake.edits(said, "hello");
  const edit = await at.bench.received("the edit", isKind("edit"));
  await at.fake.reacts(said.id, "😂", { from: "bob" });
  const tapback = await at.bench.received("the tapback", isKind("reaction"));
  await at.fake.unsends(said);
  const unsend = await at.bench.received("the end", isKind("unsend"));

  assert.deepEqual([edit.messageId, edit.text], [said.id, "hello"]);
  assert.deepEqual([tapback.messageId, tapback.emoji, tapback.isRemoved], [said.id, "😂", false]);
  assert.equal(unsend.messageId, said.id);
  assert.equal(at.bench.inbound.length, 4);
});

test("a text is sent once, with the client's id, and its echo is our own", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");

  const sent = await at.connection.send(outbound(chatId, "hi there"), never);

  const [delivered] = at.fake.delivered;
  assert.deepEqual(
    [delivered?.id, delivered?.text, delivered?.clientId],
    [sent.id, "hi there", "0123456789abcdef0123"],
  );
  assert.equal((await at.bench.received("the echo", isMessage("hi there"))).fromSelf, true);
});

test("a first message begins the conversation, and learns its id", async () => {
  await using at = await desk();

  const sent = await at.connection.send(outbound("+15550199", "hello you"), never);

  assert.deepEqual(
    at.fake.delivered.map(({ id, chatId }) => [id, chatId]),
    [[sent.id, "+15550199"]],
  );
});

test("files, voice messages and replies are sent", async () => {
  await using at = await desk();
  const { chatId, id } = await at.fake.says("hello");
  const path = join(at.bench.folder, "out.m4a");
  writeFileSync(path, "the bytes");
  const media = { path, kind: "voice" as const, mimeType: "audio/mp4", fileName: "out.m4a", sizeBytes: 9 };
  const replyTo = { chat: { id: chatId }, id };

  await at.connection.send(outbound(chatId, "", { media, replyTo }), never);

  const [delivered] = at.fake.delivered;
  assert.deepEqual(
    delivered?.files.map(({ bytes, ...file }) => ({ ...file, text: Buffer.from(bytes).toString() })),
    [{ mimeType: "audio/mp4", fileName: "out.m4a", kind: "voice", text: "the bytes" }],
  );
  assert.equal(delivered?.replyTo, id);
});

test("with the helper messages are changed, taken back, reacted to and read, and typing is shown", async () => {
  await using at = await desk();
  const { chatId, id } = await at.fake.says("hello");
  const target = { chat: { id: chatId }, id };
  const sent = await at.connection.send(outbound(chatId, "hi"), never);
  const own = { chat: { id: chatId }, id: sent.id, isOwn: true };

  await at.connection.edit!(own, plainText("hi!"), never);
  await at.connection.react!(target, "✅", { remove: false }, never);
  await at.connection.typing!({ id: chatId }, true);
  const typingIn = at.fake.typingIn;
  await at.connection.typing!({ id: chatId }, false);
  await at.connection.markRead!([target]);

  assert.deepEqual([typingIn, at.fake.typingIn, at.fake.typingCount], [[chatId], [], 1]);
  assert.deepEqual(at.fake.read, [id]);
  assert.deepEqual(at.fake.reactions, [{ messageId: id, emoji: "👍" }]);
  assert.deepEqual(at.fake.delivered.map(({ text, edits }) => [text, edits])[0], ["hi!", 1]);
  await at.connection.react!(target, "👍", { remove: true }, never);
  await at.connection.unsend!(own, never);
  assert.deepEqual(at.fake.reactions, []);
  assert.equal(at.fake.delivered[0]?.isUnsent, true);
  const error = await failure(at.connection.react!(target, "🦄", { remove: false }, never));
  assert.match(error.message, /no tapback like 🦄/);
});

test("without the helper that is absent, with the reason", async () => {
  await using at = await desk({}, (fake) => {
    fake.hasHelper = false;
  });
  const { chatId, id } = await at.fake.says("hello");

  await at.connection.send(outbound(chatId, "hi", { replyTo: { chat: { id: chatId }, id } }), never);

  const { edit, unsend, react, typing, markRead, absent } = at.connection;
  assert.deepEqual([edit, unsend, react, typing, markRead], [undefined, undefined, undefined, undefined, undefined]);
  assert.deepEqual(Object.keys(absent ?? {}).sort(), [
    "editOut",
    "reactionOut",
    "readReceipts",
    "reply",
    "typing",
    "unsendOut",
    "voice",
  ]);
  assert.match(absent?.typing ?? "", /Private API helper/);
  assert.equal(at.fake.delivered[0]?.text, "hi");
});

test("what no webhook told of is asked for", async () => {
  await using at = await desk({ pollSeconds: 1 });

  at.fake.saysUnheard("unheard");

  await at.bench.received("the message", isMessage("unheard"));
});

test("without a webhook messages are asked for, and their changes too", async () => {
  await using at = await desk({ webhookUrl: undefined, pollSeconds: 1 });

  const said = await at.fake.says("helo");
  await at.bench.received("the message", isMessage("helo"));
  await at.fake.edits(said, "hello");

  assert.equal((await at.bench.received("the edit", isKind("edit"))).text, "hello");
  assert.deepEqual(at.fake.webhooks, []);
});

test("what is said while nobody listens is told at the next start, once, in order", async () => {
  await using at = await desk();
  await at.fake.says("one");
  await at.connection[Symbol.asyncDispose]();

  for (let count = 0; count < 250; count += 1) at.fake.saysUnheard(`number ${count}`);
  await at.bench.open();

  await at.bench.received("the last", isMessage("number 249"));
  assert.deepEqual(
    at.bench.inbound.map((inbound) => inbound.kind === "message" && inbound.text),
    ["one", ...Array.from({ length: 250 }, (_, count) => `number ${count}`)],
  );
});

test("the first start begins with now", async () => {
  await using at = await desk({}, (fake) => void fake.saysUnheard("long ago", { at: Date.now() - 60_000 }));

  await at.fake.says("new");

  await at.bench.received("the message", isMessage("new"));
  assert.equal(at.bench.inbound.length, 1);
});

test("a message that the disk refuses is asked for again", async () => {
  await using at = await desk();
  at.bench.isDiskFull = true;

  await at.fake.says("kept by the Mac");
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.equal(closed.kind, "unavailable");
  at.bench.isDiskFull = false;
  await at.bench.open();
  await at.bench.received("the message", isMessage("kept by the Mac"));
});

test("a redelivery changes nothing, and what cannot be read ends nothing", async () => {
  await using at = await desk();
  await at.fake.says("hello");

  await at.fake.trouble({ kind: "redeliver" });
  await at.fake.trouble({ kind: "malformed" });
  await at.fake.says("still here");

  await at.bench.received("the message", isMessage("still here"));
  assert.equal(at.bench.inbound.length, 2);
});

test("a send whose answer is lost is in doubt, and found again", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  const message = outbound(chatId, "once only");
  await at.fake.trouble({ kind: "accept-then-fail" });

  const error = await failure(at.connection.send(message, never));

  assert.equal(error.kind, "unknown");
  assert.deepEqual(await at.connection.findSent!(message, never), { id: at.fake.delivered[0]!.id });
  assert.equal(at.fake.delivered.length, 1);
});

test("a message that was never sent is known to be absent", async () => {
  await using at = await desk();

  assert.equal(await at.connection.findSent!(outbound("+15550100", "never sent"), never), "absent");
});

test("a refusal is final", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello", { in: { group: "Family" } });
  at.fake.expels("Family");

  const error = await failure(at.connection.send(outbound(chatId, "hi"), never));

  assert.equal(error.kind, "rejected");
  assert.match(error.message, /not a member/);
});

test("a wrong password ends the account, whoever meets it", async () => {
  await using at = await desk();
  const { chatId } = await at.fake.says("hello");
  await at.fake.trouble({ kind: "revoke" });

  const error = await failure(at.connection.send(outbound(chatId, "hi"), never));

  assert.equal(error.kind, "bad-credentials");
  assert.match(error.message, /channels.imessage.password/);
  assert.equal((await within(at.connection.closed, "the end of the connection")).kind, "bad-credentials");
  assert.equal((await failure(at.bench.open())).kind, "bad-credentials");
});

test("a server that is down is a matter of the network, and nothing is sent", async () => {
  await using at = await desk({ pollSeconds: 1 });
  await at.fake.trouble({ kind: "down" });

  const error = await failure(at.connection.send(outbound("iMessage;-;+15550100", "hi"), never));
  const closed = await within(at.connection.closed, "the end of the connection");

  assert.deepEqual([error.kind, closed.kind], ["not-sent", "network"]);
  assert.equal((await failure(at.bench.open())).kind, "network");
  await at.fake.trouble({ kind: "up" });
  await at.bench.open();
  await until(at.fake, "the link", () => at.fake.isLinked);
});

test("something other than BlueBubbles is named", async () => {
  const other = createServer((_, response) => void response.writeHead(404).end("<h1>Not found</h1>"));
  await once(other.listen(0, "127.0.0.1"), "listening");
  const serverUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  await using bench = new AccountBench(imessage, { backend: "bluebubbles", serverUrl, password: "x" });

  const error = await failure(bench.open());

  assert.equal(error.kind, "unavailable");
  assert.match(error.message, /check channels.imessage.serverUrl/);
  assert.ok(!JSON.stringify(bench.log).includes("password=x"));
  other.closeAllConnections();
  other.close();
});
