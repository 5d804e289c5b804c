// Signal's channel against the fake of signal-cli's daemon on loopback.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type FakeSignal, fakeSignal, until } from "../../packages/fakes/src/index.ts";
import { signal } from "../../packages/gateway/src/channels/signal/channel.ts";
import { ChannelError, type Connection } from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { within } from "../support/time-limit.ts";

const aborted = new AbortController().signal;

let fake: FakeSignal;
let bench: AccountBench;

beforeEach(async () => {
  fake = await fakeSignal();
  bench = new AccountBench(signal, fake.settings);
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

function outbound(chatId: string, text: string, more: Partial<Outbound> = {}): Outbound {
  return { clientId: "0".repeat(20), chat: { id: chatId }, text: plainText(text), queuedAt: Date.now(), ...more };
}

function message(text: string) {
  return (inbound: Inbound): inbound is Extract<Inbound, { kind: "message" }> =>
    inbound.kind === "message" && inbound.text === text;
}

function texts(): string[] {
  return bench.inbound.flatMap((each) => (each.kind === "message" ? [each.text] : []));
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

describe("what is said on Signal", () => {
  test("a direct message arrives with its author's number and id", async () => {
    await bench.open();

    const said = await fake.says("hello", { from: "Ann" });

    const inbound = await bench.received("hello", message("hello"));
    assert.deepEqual(inbound.chat, { id: said.senderId, kind: "direct" });
    assert.deepEqual([inbound.sender.id, inbound.sender.name], [said.senderId, "Ann"]);
    assert.deepEqual(inbound.keys, [`${inbound.sender.aliases?.[0]}:${said.id}`]);
  });

  test("in a group a mention is an address, and an answer to the account is one too", async () => {
    const connection = await bench.open();
    const said = await fake.says("brew", { in: { group: "Tea" }, mentionsBot: true });
    const sent = await connection.send(outbound(said.chatId, "coming"), aborted);

    await fake.says("thanks", { in: { group: "Tea" }, replyTo: sent.id });
    await fake.says("never mind", { in: { group: "Tea" } });

    const brew = await bench.received("brew", message("brew"));
    const thanks = await bench.received("thanks", message("thanks"));
    const other = await bench.received("never mind", message("never mind"));
    assert.deepEqual(brew.chat, { id: said.chatId, kind: "group", title: "Tea" });
    assert.deepEqual([brew.mentionsSelf, thanks.mentionsSelf, other.mentionsSelf], [true, true, false]);
    assert.deepEqual([thanks.replyTo?.messageId, thanks.replyTo?.fromSelf], [sent.id, true]);
  });

  test("changes, deletions and reactions name the message that they are about", async () => {
    await bench.open();
    const said = await fake.says("fist");

    await fake.edits(said, "first");
    await fake.reacts(said.id, "👍");
    await fake.unsends(said);

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

  test("files and voice notes are fetched from the daemon", async () => {
    const connection = await bench.open();
    const bytes = new Uint8Array(100_000).fill(7);
    const picture = { bytes, mimeType: "image/png", fileName: "a.png", kind: "image" } as const;
    const note = { bytes, mimeType: "audio/aac", fileName: "note.aac", kind: "voice" } as const;

    // A recording without a name that nobody marked was not recorded by its sender.
    const unnamed = { bytes, mimeType: "audio/aac", fileName: "", kind: "audio" } as const;

    await fake.says("look", { files: [picture, note, unnamed] });

    const { media } = await bench.received("look", message("look"));
    const content = await Array.fromAsync(await connection.fetchMedia!(media[0]!, aborted));
    assert.deepEqual(
      media.map(({ kind, mimeType, sizeBytes }) => [kind, mimeType, sizeBytes]),
      [
        ["image", "image/png", 100_000],
        ["voice", "audio/aac", 100_000],
        ["audio", "audio/aac", 100_000],
      ],
    );
    assert.deepEqual(new Uint8Array(Buffer.concat(content)), bytes);
  });

  test("a note to self is told from what the owner writes to others", async () => {
    await bench.open();

    const note = await fake.fromPhone("buy milk");
    const other = await fake.fromPhone("see you", { to: "Ann" });

    const own = await bench.received("the note", message("buy milk"));
    const echo = await bench.received("the echo", message("see you"));
    assert.deepEqual(own.chat, { id: fake.self.number, kind: "direct", isSelf: true });
    assert.deepEqual([own.fromSelf, own.messageId], [true, note.id]);
    assert.deepEqual([echo.fromSelf, echo.chat.id], [true, other.chatId]);
  });

  test("what cannot be read is noted, and what follows is read", async () => {
    await bench.open();

    await fake.trouble({ kind: "malformed" });
    await fake.says("still there?");

    await bench.received("the next message", message("still there?"));
    const unreadable = bench.inbound.find(({ kind }) => kind === "unreadable");
    assert.ok(unreadable?.kind === "unreadable" && /could not decrypt/.test(unreadable.why));
    assert.ok(bench.log.some(({ level }) => level === "warn"));
  });
});

describe("what the account says", () => {
  test("a text is sent with its styles, as an answer", async () => {
    const connection = await bench.open();
    const said = await fake.says("how?", { in: { group: "Tea" } });
    const text = { ...plainText("boil water"), ranges: [{ start: 0, length: 4, style: "bold" }] } as const;
    const replyTo = { chat: { id: said.chatId }, id: said.id, senderId: said.senderId };

    const sent = await connection.send(outbound(said.chatId, "", { text, replyTo }), aborted);

    const [delivered] = fake.delivered;
    assert.deepEqual(
      [delivered?.id, delivered?.chatId, delivered?.text, delivered?.replyTo],
      [sent.id, said.chatId, "boil water", said.id],
    );
    assert.deepEqual(fake.stylesOf(sent.id), ["0:4:BOLD"]);
  });

  test("a file goes out under its own name", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("send it");
    const path = join(bench.folder, "stored-1");
    writeFileSync(path, "milk; bread");
    const media = { path, kind: "document", mimeType: "text/plain", fileName: "a list.txt", sizeBytes: 11 } as const;

    await connection.send(outbound(chatId, "the list", { media }), aborted);

    const [file] = fake.delivered[0]?.files ?? [];
    assert.deepEqual([file?.fileName, Buffer.from(file?.bytes ?? []).toString()], ["a list.txt", "milk; bread"]);
  });

  test("a message is edited, reacted to and taken back", async () => {
    const connection = await bench.open();
    const said = await fake.says("hello");
    const sent = await connection.send(outbound(said.chatId, "fist"), aborted);
    const own = { chat: { id: said.chatId }, id: sent.id, isOwn: true };
    const theirs = { chat: own.chat, id: said.id, senderId: said.senderId };

    await connection.edit!(own, plainText("first"), aborted);
    await connection.react!(theirs, "👀", { remove: false }, aborted);
    const given = [...fake.reactions];
    await connection.react!(theirs, "👀", { remove: true }, aborted);
    await connection.unsend!(own, aborted);

    const [delivered] = fake.delivered;
    assert.deepEqual([delivered?.text, delivered?.edits, delivered?.isUnsent], ["first", 1, true]);
    assert.deepEqual([given, fake.reactions], [[{ messageId: said.id, emoji: "👀" }], []]);
  });

  test("typing begins and ends, and direct messages are marked as read", async () => {
    const connection = await bench.open();
    const said = await fake.says("hello");
    const inGroup = await fake.says("hello", { in: { group: "Tea" } });

    await connection.typing!({ id: said.chatId }, true);
    const typing = [...fake.typingIn];
    await connection.typing!({ id: said.chatId }, false);
    await connection.markRead!([
      { chat: { id: said.chatId }, id: said.id },
      { chat: { id: inGroup.chatId }, id: inGroup.id },
    ]);

    assert.deepEqual([typing, fake.typingIn], [[said.chatId], []]);
    assert.deepEqual(fake.read, [said.id]);
  });

  test("a note to self goes there", async () => {
    const connection = await bench.open();

    await connection.send(outbound(fake.self.number, "noted"), aborted);

    assert.equal(fake.delivered[0]?.chatId, fake.self.number);
  });
});

describe("when sending goes wrong", () => {
  test("a rate limit says how long, and how a captcha is solved", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    await fake.trouble({ kind: "rate-limit", retryAfterMs: 3_600_000 });

    const limited = await refusal(connection.send(outbound(chatId, "hi"), aborted));

    assert.deepEqual([limited.kind, limited.retryAfterMs], ["rate-limited", 3_600_000]);
    assert.match(limited.message, /submitRateLimitChallenge --challenge a-challenge/);
  });

  test("a send that succeeds and reaches nobody has failed", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    fake.failNext("IDENTITY_FAILURE");
    const untrusted = await refusal(connection.send(outbound(chatId, "hi"), aborted));
    await fake.trouble({ kind: "refuse" });

    const unregistered = await refusal(connection.send(outbound(chatId, "hi"), aborted));

    assert.deepEqual([untrusted.kind, unregistered.kind], ["rejected", "rejected"]);
    assert.match(untrusted.message, /safety number .* has changed/);
    assert.match(unregistered.message, /is not on Signal/);
    assert.deepEqual(fake.delivered, []);
  });

  test("a lost answer leaves a doubt that cannot be cleared", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    const answer = outbound(chatId, "hi");
    await fake.trouble({ kind: "accept-then-fail" });

    const doubtful = await refusal(connection.send(answer, aborted));
    const found = await connection.findSent!(answer, aborted);

    assert.deepEqual([doubtful.kind, found], ["unknown", "unknown"]);
  });

  test("an echo of another device clears the doubt", async () => {
    const connection = await bench.open();
    const echo = await fake.fromPhone("on my way", { to: "Ann" });
    await bench.received("the echo", message("on my way"));

    const found = await connection.findSent!(outbound(echo.chatId, "on my way"), aborted);

    assert.deepEqual(found, { id: echo.id });
  });

  test("a group that the account was removed from is named", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("bye", { in: { group: "Tea" } });
    await fake.trouble({ kind: "remove-from-group", group: "Tea" });

    const removal = await bench.received("the removal", ({ kind }) => kind === "membership");
    const rejected = await refusal(connection.send(outbound(chatId, "hello?"), aborted));

    assert.deepEqual([removal.chat.id, rejected.kind], [chatId, "rejected"]);
    assert.match(rejected.message, /not a member of the group/);
  });

  test("a daemon that is down has certainly not sent it", async () => {
    const connection = await bench.open();
    const { chatId } = await fake.says("hello");
    await fake.trouble({ kind: "down" });
    const reason = await closed(connection);

    const unsent = await refusal(connection.send(outbound(chatId, "hi"), aborted));

    assert.deepEqual([reason.kind, unsent.kind], ["network", "not-sent"]);
  });
});

describe("nothing is missed", () => {
  test("what is said while nobody listens waits", async () => {
    const first = await bench.open();
    await fake.says("one");
    await bench.received("one", message("one"));
    await first[Symbol.asyncDispose]();
    await until(fake, "nobody to listen", () => !fake.isLinked);
    await fake.says("two");
    await fake.says("three");

    await bench.open();

    await bench.received("three", message("three"));
    assert.deepEqual(texts(), ["one", "two", "three"]);
  });

  test("a cut stream is opened again, and what was said meanwhile arrives", async () => {
    await bench.open();

    await fake.trouble({ kind: "cut" });
    await fake.says("after the cut");

    await bench.received("the message", message("after the cut"));
  });

  test("an event waits until the disk takes it", async () => {
    await bench.open();
    let refusals = 0;
    Object.defineProperty(bench, "isDiskFull", { get: () => ++refusals === 1 });

    await fake.says("keep me");
    await fake.says("me too");

    await bench.received("the second", message("me too"));

    assert.deepEqual([refusals, texts()], [3, ["keep me", "me too"]]);
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
  test("a link that was ended on the phone is told", async () => {
    const connection = await bench.open();

    await fake.trouble({ kind: "revoke" });

    const reason = await closed(connection);
    assert.equal(reason.kind, "logged-out");
    assert.match(reason.message, /moltbot channels login signal/);
    assert.equal((await refusal(bench.open())).kind, "logged-out");
  });

  test("a daemon that is not there is a matter of the network", async () => {
    await fake.trouble({ kind: "down" });

    const reason = await refusal(bench.open());

    assert.equal(reason.kind, "network");
    assert.match(reason.message, /cannot be reached/);
  });

  test("a missing program is named with how to get it", async () => {
    await using own = new AccountBench(signal, { account: "+15550100", cliPath: "/nowhere/signal-cli" });

    const reason = await refusal(own.open());

    assert.equal(reason.kind, "unavailable");
    assert.match(reason.message, /is not installed .*install it/);
  });

  test("a program that ends at once says why", async () => {
    await using own = new AccountBench(signal, { account: "+15550100", cliPath: join(bench.folder, "old-java") });
    writeFileSync(
      join(bench.folder, "old-java"),
      "#!/bin/sh\necho 'java.lang.UnsupportedClassVersionError: Main' >&2\nexit 1\n",
    );
    chmodSync(join(bench.folder, "old-java"), 0o755);

    const reason = await refusal(own.open());

    assert.equal(reason.kind, "unavailable");
    assert.match(reason.message, /Java 21/);
  });

  test("a probe says whose account it is", async () => {
    const self = await signal.probe!(bench.context(aborted) as never);

    assert.deepEqual(self, { id: fake.self.number, aliases: [fake.self.uuid] });
  });
});

describe("a daemon of our own", () => {
  function isSaid(text: string) {
    return (inbound: Inbound) => inbound.kind === "message" && inbound.text === text;
  }

  /** The process that was started last. */
  function pidOf({ folder }: AccountBench): number {
    return (JSON.parse(readFileSync(join(folder, "signal-cli.json"), "utf8")) as { pid: number }).pid;
  }

  test("is linked by a code, started with the account, and ended with it", async () => {
    await using phone = await fakeSignal({ isLinked: false, asProgram: true });
    await using own = new AccountBench(signal, { cliPath: phone.settings.cliPath });
    const missing = signal.missing({}, own.state);
    const steps: string[] = [];
    for await (const step of signal.login!(own.context(aborted) as never)) {
      steps.push(step.kind);
      if (step.kind === "qr") void phone.scan(step.text);
    }
    const connection = await own.open();
    const pid = pidOf(own);

    const { chatId } = await phone.says("hello");
    await own.received("hello", isSaid("hello"));
    await connection.send(outbound(chatId, "hi there"), aborted);
    await connection[Symbol.asyncDispose]();

    assert.match(missing ?? "", /moltbot channels login signal/);
    assert.deepEqual(steps, ["waiting", "qr", "done"]);
    assert.equal(signal.missing({}, own.state), undefined);
    assert.deepEqual(
      phone.delivered.map(({ text }) => text),
      ["hi there"],
    );
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });

  test("keeps a record of what it received, from which a killed gateway's successor takes what was on its way", async () => {
    await using phone = await fakeSignal({ asProgram: true });
    await using own = new AccountBench(signal, phone.settings);
    const record = join(own.folder, "signal-cli.events");
    const first = await own.open();
    await phone.says("one");
    await own.received("one", isSaid("one"));
    const [line = ""] = readFileSync(record, "utf8").split("\n");
    await first[Symbol.asyncDispose]();
    const emptied = readFileSync(record, "utf8");
    const { envelope, account } = JSON.parse(line);
    const dataMessage = { ...envelope.dataMessage, timestamp: envelope.timestamp + 1, message: "two" };
    writeFileSync(record, `${line}\n${JSON.stringify({ account, envelope: { ...envelope, dataMessage } })}\n{"cut`);

    await own.open();

    await own.received("two", isSaid("two"));
    assert.equal(emptied, "");
    assert.deepEqual(
      own.inbound.map((inbound) => inbound.kind === "message" && inbound.text),
      ["one", "two"],
    );
  });

  test("that a killed gateway has left behind is ended before the next is started", async () => {
    await using phone = await fakeSignal({ asProgram: true });
    await using own = new AccountBench(signal, phone.settings);
    await own.open();
    const left = pidOf(own);

    // The first connection was never closed, as after a kill.
    await own.open();

    assert.notEqual(pidOf(own), left);
    assert.throws(() => process.kill(left, 0), { code: "ESRCH" });
  });
});
