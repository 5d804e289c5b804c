// What clients send over channels: where it goes, what comes back, and what becomes of it when the platform is away.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { fakeSlack, fakeTelegram, until } from "@moltbot/fakes";
import { quickClock } from "../fakes/quick-clock.ts";
import type { Frame } from "../support/wire-client.ts";
import { ChannelBench } from "./bench.ts";
import { refusal, Stage } from "./stage.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

let keys = 0;
const key = () => `key-${++keys}`;

describe("sending over Telegram", () => {
  let bench: ChannelBench;
  let chatId: string;
  before(async () => {
    bench = await ChannelBench.start(fakeTelegram);
    chatId = (await bench.asks("begin")).said.chatId;
  });
  after(async () => await bench?.[Symbol.asyncDispose]());

  const send = (params: object): Promise<Frame> =>
    bench.operator.request("send", { channel: "telegram", to: chatId, message: "x", idempotencyKey: key(), ...params });
  const refused = async (params: object) => (await refusal(send(params))).message;

  test("a channel that does not exist, and one that is not set up, are named", async () => {
    assert.equal(await refused({ channel: "telegraph" }), "unsupported channel: telegraph");
    assert.equal(
      await refused({ channel: "slack", to: "C1" }),
      "Slack is not set up; `moltbot channels add slack` sets it up",
    );
    assert.equal(await refused({ accountId: "other" }), "Telegram has no account other");
  });

  test("a target that leads nowhere is answered with the forms that lead somewhere", async () => {
    assert.equal(
      await refused({ to: "Bob the builder" }),
      'Telegram has no target "Bob the builder": give a chat\'s number, or @name of a public group or channel, ' +
        'with ":45" for topic 45.',
    );
  });

  test("a text that shows nothing is refused, or shown as it was written", async () => {
    assert.equal(await refused({ message: " \n " }), "message holds nothing that can be shown");
    await send({ message: "[1]: https://example.com" });

    await bench.delivered("[1]: https://example.com");
  });

  test("the answer names the key, the platform's id and the chat", async () => {
    const { payload } = await send({ message: "named", idempotencyKey: "named-1" });
    const delivered = await bench.delivered("named");

    assert.deepEqual(payload, { runId: "named-1", messageId: delivered.id, channel: "telegram", chatId });
  });

  test("with one channel in use it need not be named", async () => {
    const { ok, payload } = await send({ channel: undefined, message: "where else" });

    assert.equal(ok, true);
    assert.equal(payload.channel, "telegram");
  });

  test("a chat that the platform does not know is a failure with its reason, and stays one for its key", async () => {
    const first = await refusal(send({ to: "424242", idempotencyKey: "nobody-1" }));
    const again = await refusal(send({ to: "424242", idempotencyKey: "nobody-1" }));

    assert.equal(first.code, "UNAVAILABLE");
    assert.match(first.message, /^Telegram knows no chat 424242 for this bot/);
    assert.equal(first.details?.code, "DELIVERY_FAILED");
    assert.deepEqual(again, first);
  });

  test("what was sent stands in the transcript of its conversation, or in that of the session that is named", async () => {
    await send({ message: "for the record" });
    await send({ message: "for another record", sessionKey: "agent:main:other" });
    const main = await bench.operator.call("chat.history", { sessionKey: "main" });
    const other = await bench.operator.call("chat.history", { sessionKey: "agent:main:other" });
    const last = ({ messages }: Frame["payload"]) => messages.at(-1).content[0].text;

    assert.deepEqual([last(main), last(other)], ["for the record", "for another record"]);
  });

  test("a picture in a data: URL arrives as a picture with the text under it", async () => {
    await send({ message: "look", mediaUrl: `data:image/jpeg;base64,${PNG}` });
    const { files } = await bench.delivered("look");

    assert.deepEqual(
      files.map(({ kind, bytes }) => [kind, Buffer.from(bytes).toString("base64")]),
      [["image", PNG]],
    );
  });

  test("several files arrive in their order, the text with the first", async () => {
    const seen = bench.fake.delivered.length;
    const text = `data:text/plain;name=notes.txt;base64,${Buffer.from("notes").toString("base64")}`;
    await send({ message: "two files", mediaUrls: [`data:image/png;base64,${PNG}`, text] });

    assert.deepEqual(
      bench.fake.delivered.slice(seen).map((message) => [message.text, message.files[0]?.fileName]),
      [
        ["two files", "file.png"],
        ["", "notes.txt"],
      ],
    );
  });

  test("media that cannot be is refused in words, and nothing is sent", async () => {
    const seen = bench.fake.delivered.length;

    assert.equal(await refused({ mediaUrl: "data:image/png,plain" }), "mediaUrl must be a base64 data: URL");
    assert.equal(await refused({ mediaUrl: "data:image/png;base64," }), "mediaUrl holds no data");
    for (const mediaUrl of ["file:///etc/passwd", "/etc/passwd", "http://example.com/a.png"])
      assert.match(await refused({ mediaUrl }), /^mediaUrl must be an https: address or a data: URL/);
    assert.equal(bench.fake.delivered.length, seen);
  });

  test("addresses within this machine or its network are never called", async () => {
    let calls = 0;
    const inside = createServer((socket) => {
      calls++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(inside, "listening");
    using _inside = { [Symbol.dispose]: () => void inside.close() };
    const { port } = inside.address() as { port: number };
    const hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "127.1"];
    const others = ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "0.0.0.0", "100.64.0.1"];

    for (const host of [...hosts, ...others])
      assert.equal(
        await refused({ mediaUrl: `https://${host}:${port}/a.png` }),
        "mediaUrl cannot be fetched: the address is not on the public internet",
        host,
      );
    assert.equal(calls, 0);
  });

  test("a poll arrives with its answers, and its key asks once", async () => {
    const params = { channel: "telegram", to: chatId, question: "Tea?", options: ["yes", "no"], idempotencyKey: "p1" };
    const first = await bench.operator.call("poll", params);
    const again = await bench.operator.call("poll", params);
    const polls = bench.fake.delivered.filter(({ poll }) => poll);

    assert.deepEqual(
      polls.map(({ poll }) => poll),
      [{ question: "Tea?", options: ["yes", "no"] }],
    );
    assert.deepEqual(again, first);
    assert.equal(typeof first.pollId, "string");
  });

  test("a poll of a channel without polls, and one with too few answers, are refused", async () => {
    const poll = (params: object) =>
      refusal(
        bench.operator.request("poll", {
          ...{ to: chatId, question: "?", options: ["a", "b"], idempotencyKey: key() },
          ...params,
        }),
      );

    assert.equal((await poll({ channel: "telegraph" })).message, "unsupported poll channel: telegraph");
    assert.equal((await poll({ channel: "signal" })).message, "unsupported poll channel: signal");
    assert.match((await poll({ channel: "telegram", options: ["a"] })).message, /^invalid poll params: /);
    assert.equal(
      (await poll({ channel: "telegram", maxSelections: 3 })).message,
      "maxSelections must not exceed the number of options",
    );
  });

  test("a message of ours is changed, reacted to and taken back", async () => {
    const { payload } = await send({ message: "to be changed" });
    const message = { channel: "telegram", to: chatId, messageId: payload.messageId };
    await bench.operator.call("message.edit", { ...message, message: "**changed**", idempotencyKey: key() });
    const edited = await bench.delivered("changed");
    await bench.operator.call("message.react", { ...message, emoji: "👍", idempotencyKey: key() });
    const given = [...bench.fake.reactions];
    await bench.operator.call("message.react", { ...message, emoji: "👍", remove: true, idempotencyKey: key() });
    const left = bench.fake.reactions.length;
    await bench.operator.call("message.delete", { ...message, idempotencyKey: key() });

    assert.equal(edited.edits, 1);
    assert.deepEqual(given, [{ messageId: payload.messageId, emoji: "👍" }]);
    assert.equal(left, 0);
    assert.equal(bench.fake.delivered.find(({ id }) => id === payload.messageId)?.isUnsent, true);
  });

  test("what cannot be changed, reacted to or taken back is answered with the reason", async () => {
    const { payload } = await send({ message: "a short one" });
    const act = async (method: string, params: object) =>
      await refusal(
        bench.operator.request(method, {
          ...{ channel: "telegram", to: chatId, messageId: payload.messageId, idempotencyKey: key() },
          ...params,
        }),
      );
    const unknown = await act("message.edit", { messageId: "999999", message: "x" });
    const long = await act("message.edit", { message: "long ".repeat(2_000) });
    const empty = await act("message.edit", { message: "\n \n" });
    const emoji = await act("message.react", { messageId: "999999", emoji: "👍" });

    assert.deepEqual(
      [unknown, long, empty, emoji].map(({ code }) => code),
      Array(4).fill("INVALID_REQUEST"),
    );
    assert.equal(unknown.message, `The message in chat ${chatId} is gone, or was never there.`);
    assert.equal(long.message, "the text is longer than one message of Telegram");
    assert.equal(empty.message, "message holds nothing that can be shown");
    assert.equal(emoji.message, `The message in chat ${chatId} is gone, or was never there.`);
  });

  test("a message in doubt is listed, not repeated by itself, and sent again or given up by hand", async () => {
    await bench.fake.trouble({ kind: "accept-then-fail", times: 2 });
    const doubtful = await refusal(send({ message: "in doubt" }));
    const other = await refusal(send({ message: "in doubt too" }));
    const { entries } = await bench.operator.call("outbox.list", { state: "unknown" });
    const [second, first] = entries;
    await bench.operator.call("outbox.resend", { id: first.id });
    await until(bench.fake, "the repeat", () => bench.times("in doubt") === 2);
    const given = await bench.operator.call("outbox.discard", { id: second.id });
    const late = await refusal(bench.operator.request("outbox.discard", { id: first.id }));
    const nothing = await refusal(bench.operator.request("outbox.resend", { id: 9_999 }));

    assert.deepEqual(
      [doubtful.code, doubtful.details],
      ["UNAVAILABLE", { code: "DELIVERY_UNKNOWN", outboxId: first.id }],
    );
    assert.match(doubtful.message, new RegExp(`; \`moltbot message resend ${first.id}\` sends it again$`));
    assert.equal(other.details?.outboxId, second.id);
    assert.deepEqual([given.entry.state, given.entry.problem], ["failed", "given up by hand"]);
    assert.equal(bench.times("in doubt too"), 1);
    assert.equal(late.message, `message ${first.id} is sent`);
    assert.equal(nothing.message, "no message 9999 in the outbox; `moltbot message list` shows them");
  });
});

test("a key finds its message after a restart: one delivery, the same answer", async () => {
  await using bench = await ChannelBench.start(fakeTelegram);
  const { said } = await bench.asks("begin");
  const params = { channel: "telegram", to: said.chatId, message: "once and for all", idempotencyKey: "durable-1" };
  const first = await bench.operator.call("send", params);
  await bench.restart();

  const again = await bench.operator.call("send", params);

  assert.deepEqual(again, first);
  assert.equal(bench.times("once and for all"), 1);
});

test("while the platform is down a send says that it waits, and it leaves when the platform is back", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { gateway: { clock: quickClock(20) } });
  const { said } = await bench.asks("begin");
  await bench.fake.trouble({ kind: "down" });
  await bench.accountIs("waiting");
  const params = { channel: "telegram", to: said.chatId, message: "when you are back", idempotencyKey: "waits-1" };

  const waits = await refusal(bench.operator.request("send", params));
  const { entries } = await bench.operator.call("outbox.list", { state: "queued" });
  await bench.fake.trouble({ kind: "up" });
  await bench.delivered("when you are back");
  await bench.restart();
  const answer = await bench.operator.call("send", params);

  assert.equal(waits.code, "UNAVAILABLE");
  assert.match(
    waits.message,
    /^not sent yet, and kept until \d{4}-\d\d-\d\d \d\d:\d\d UTC: Telegram cannot be reached/,
  );
  assert.deepEqual(waits.details, { code: "DELIVERY_WAITS", outboxId: entries[0].id });
  assert.equal(answer.channel, "telegram");
  assert.equal(bench.times("when you are back"), 1);
});

test("a send over an account that was stopped is answered at once, and waits for its start", async () => {
  await using bench = await ChannelBench.start(fakeTelegram);
  const { said } = await bench.asks("begin");
  await bench.operator.call("channels.stop", { channel: "telegram" });
  const startedAt = performance.now();

  const waits = await refusal(
    bench.operator.request("send", {
      ...{ channel: "telegram", to: said.chatId, message: "for later", idempotencyKey: "later-1" },
    }),
  );
  const tookMs = performance.now() - startedAt;
  await bench.operator.call("channels.start", { channel: "telegram" });
  await bench.delivered("for later");

  // For an account that is on its way a send waits 20 s.
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  assert.match(waits.message, /: Telegram is stopped\.$/);
  assert.equal(bench.times("for later"), 1);
});

test("what could not be sent in time is given up and never sent", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { config: { messages: { outboundTtlMinutes: 0.01 } } });
  const { said } = await bench.asks("begin");
  await bench.operator.call("channels.stop", { channel: "telegram" });
  await refusal(
    bench.operator.request("send", {
      ...{ channel: "telegram", to: said.chatId, message: "too late", idempotencyKey: "ttl-1" },
    }),
  );
  const [waiting] = (await bench.operator.call("outbox.list", { state: "queued" })).entries;
  while (Date.now() <= waiting.expiresAt) await new Promise((resolve) => setTimeout(resolve, 20));

  await bench.operator.call("channels.start", { channel: "telegram" });
  await bench.linked();
  await bench.asks("still alive");
  const [entry] = (await bench.operator.call("outbox.list", { state: "failed" })).entries;

  assert.deepEqual([entry.id, entry.problem], [waiting.id, "it could not be sent in time"]);
  assert.equal(bench.times("too late"), 0);
});

describe("an agent's reply, delivered to a channel", () => {
  test("goes to the channel and target that are named, once", async () => {
    await using bench = await ChannelBench.start(fakeTelegram);
    const { said } = await bench.asks("begin");
    const params = { message: "/echo to whom it may concern", sessionKey: "agent:main:work", deliver: true };
    const idempotencyKey = "deliver-1";
    const target = { channel: "telegram", to: said.chatId };
    await bench.operator.call("agent", { ...params, ...target, idempotencyKey });
    await bench.delivered("to whom it may concern");
    await bench.operator.call("agent", { ...params, ...target, idempotencyKey });
    await bench.asks("after it");

    assert.equal(bench.times("to whom it may concern"), 1);
  });

  test("is delivered once although the gateway is stopped between run and delivery", async () => {
    await using bench = await ChannelBench.start(fakeTelegram);
    const { said } = await bench.asks("begin");
    await bench.operator.call("channels.stop", { channel: "telegram" });
    const target = { channel: "telegram", to: said.chatId, deliver: true, sessionKey: "agent:main:work" };
    await bench.operator.call("agent", { ...target, message: "/echo across a restart", idempotencyKey: "deliver-2" });
    const end = await bench.operator.call("agent.wait", { runId: "deliver-2", timeoutMs: 5_000 });
    await bench.restart();
    await bench.delivered("across a restart");
    await bench.asks("after it");

    assert.equal(end.status, "ok");
    assert.equal(bench.times("across a restart"), 1);
  });

  test("goes where the conversation was last, which sessions.list shows", async () => {
    await using bench = await ChannelBench.start(fakeTelegram);
    const { said } = await bench.asks("begin", { from: "alice" });
    const { sessions } = await bench.operator.call("sessions.list", {});
    const row = sessions.find(({ key }: { key: string }) => key === "agent:main:main");
    await bench.operator.call("agent", {
      ...{ message: "/echo where you were", sessionKey: "main", deliver: true, channel: "last", idempotencyKey: key() },
    });
    const reply = await bench.delivered("where you were");

    assert.equal(reply.chatId, said.chatId);
    assert.deepEqual(
      [row.channel, row.lastChannel, row.lastTo, row.lastAccountId, row.deliveryContext],
      ["telegram", "telegram", said.chatId, "default", { channel: "telegram", to: said.chatId, accountId: "default" }],
    );
  });

  test("needs somewhere to go", async () => {
    await using bench = await ChannelBench.start(fakeTelegram);
    const ask = (params: object) =>
      refusal(
        bench.operator.request("agent", {
          ...{ message: "/echo x", sessionKey: "main", deliver: true, idempotencyKey: key() },
          ...params,
        }),
      );

    assert.match((await ask({})).message, /^deliver: no channel to deliver to; pass channel and to/);
    assert.equal((await ask({ channel: "telegraph" })).message, "invalid agent params: unknown channel: telegraph");
    assert.match((await ask({ channel: "telegram", to: "Bob the builder" })).message, /^Telegram has no target/);
  });
});

test("a channel without something says so, and one that is not connected can do nothing", async () => {
  await using slack = await fakeSlack();
  await using stage = await Stage.start({
    channels: { slack: { ...slack.settings }, telegram: { enabled: false, botToken: "1:a" } },
  });
  await stage.accountIs("connected", "slack");
  await stage.accountIs("disabled", "telegram");
  const message = { messageId: "1", emoji: "👍" };

  const poll = await refusal(
    stage.operator.request("poll", {
      ...{ channel: "slack", to: "C0123456789", question: "?", options: ["a", "b"], idempotencyKey: key() },
    }),
  );
  const react = await refusal(
    stage.operator.request("message.react", { ...message, channel: "telegram", to: "1", idempotencyKey: key() }),
  );

  assert.equal(poll.message, "unsupported poll channel: slack");
  assert.deepEqual([react.code, react.message], ["UNAVAILABLE", "Telegram is not connected"]);
});
