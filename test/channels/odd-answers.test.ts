// Answers to a send that no platform documents, and those of proxies before it: nothing is lost, said twice, or waited for without end.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FakePlatform,
  fakeBlueBubbles,
  fakeDiscord,
  fakeSignal,
  fakeSlack,
  fakeTelegram,
} from "../../packages/fakes/src/index.ts";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import { ChannelError } from "../../packages/gateway/src/kit/channel.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";
import { AlteringProxy, type OddAnswer } from "./altering-proxy.ts";
import { ChannelBench } from "./bench.ts";

const PAGE = { body: "<h1>A proxy</h1>", headers: { "content-type": "text/html" } };
const HOUR_MS = 3_600_000;
const [NOW, DATE] = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:46 GMT"];

/** A refusal of too many requests in Telegram's form. */
function botLimit(retry_after: unknown): OddAnswer {
  const body = { ok: false, error_code: 429, description: "Too Many Requests", parameters: { retry_after } };
  return { status: 429, body: JSON.stringify(body) };
}

/** The answer, what becomes of the message, and how long the platform wants to be left alone. */
type Case = readonly [says: string, odd: OddAnswer, kind: string, waitMs?: number];

const TELEGRAM: readonly Case[] = [
  ["nothing at all", { status: 204 }, "unknown"],
  ["a success without a message", { body: '{"ok":true,"result":true}' }, "unknown"],
  ["something else", { body: "[]" }, "unknown"],
  ["half an answer", { body: '{"ok":true,"resu', cut: true }, "unknown"],
  ["too much, in a proxy's words", { ...PAGE, status: 429 }, "rate-limited", 1_000],
  [
    "too much, with a proxy's header",
    { status: 429, body: "{}", headers: { "retry-after": "7" } },
    "rate-limited",
    7_000,
  ],
  [
    "too much, until a date",
    { status: 429, body: "{}", headers: { "retry-after": DATE, date: NOW } },
    "rate-limited",
    9_000,
  ],
  ["too much, for a time in words", botLimit("soon"), "rate-limited", 1_000],
  ["too much, for less than no time", botLimit(-5), "rate-limited", 1_000],
  ["too much, for no time", botLimit(0), "rate-limited", 1_000],
  ["too much, for longer than anybody lives", botLimit(1e300), "rate-limited", HOUR_MS],
];
const SLACK: readonly Case[] = [
  ["nothing at all", { status: 204 }, "unknown"],
  ["a page", PAGE, "unknown"],
  ["a success without a message", { body: '{"ok":true}' }, "unknown"],
  [
    "too much, for less than no time",
    { status: 429, body: "{}", headers: { "retry-after": "-5" } },
    "rate-limited",
    30_000,
  ],
];
const SIGNAL: readonly Case[] = [
  ["no result", { body: '{"jsonrpc":"2.0","id":"1"}' }, "unknown"],
  ["a result without a time", { body: '{"jsonrpc":"2.0","id":"1","result":{"results":[]}}' }, "unknown"],
];
const BLUEBUBBLES: readonly Case[] = [
  ["nothing at all", { status: 204 }, "unknown"],
  ["a page", PAGE, "unknown"],
  ["a success without a message", { body: '{"status":200}' }, "unknown"],
  ["too much, in a proxy's words", { ...PAGE, status: 429 }, "rate-limited", 5_000],
];

const PLATFORMS: readonly (readonly [() => Promise<FakePlatform>, to: string, sends: RegExp, readonly Case[]])[] = [
  [fakeTelegram, "5000001", /\/sendMessage/, TELEGRAM],
  [fakeSlack, "C0000001", /chat\.postMessage/, SLACK],
  [fakeSignal, "+15550100", /\/rpc/, SIGNAL],
  [fakeBlueBubbles, "+15550100", /\/message\/text/, BLUEBUBBLES],
];
for (const [start, to, sends, cases] of PLATFORMS)
  test(`${start.name.slice("fake".length)}: each odd answer means what can be told from it`, async () => {
    await using fake = await start();
    await using proxy = await AlteringProxy.before(fake, sends);
    const definition = CHANNELS.find(({ id }) => id === fake.channel)!;
    await using bench = new AccountBench(definition, proxy.settings(fake));
    const connection = await bench.open();
    const message = { clientId: "0".repeat(20), chat: { id: to }, text: plainText("hello"), queuedAt: Date.now() };

    const seen: unknown[] = [];
    for (const [says, odd] of cases) {
      proxy.answers(odd);
      const sent = connection.send(message, AbortSignal.timeout(10_000));
      const error = await sent.then(
        ({ id }) => assert.fail(`${says}: sent as ${id}`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof ChannelError, says);
      seen.push([says, error.kind, error.retryAfterMs]);
    }

    assert.deepEqual(
      seen,
      cases.map(([says, , kind, waitMs]) => [says, kind, waitMs]),
    );
  });

test("a platform that takes a message and names none is asked, and shows it once", async () => {
  const fake = await fakeDiscord();
  await using proxy = await AlteringProxy.before(fake, /channels\/\d+\/messages$/);
  await using bench = await ChannelBench.start(async () => fake, { settings: proxy.settings(fake) });
  const { said } = await bench.asks("hello");

  proxy.answers({ body: "{}" });
  await bench.operator.call("send", {
    ...{ channel: fake.channel, to: said.chatId, message: "once", idempotencyKey: "once" },
  });

  assert.equal(bench.times("once"), 1);
  assert.deepEqual(
    bench.gateway.log.filter(({ level }) => level === "error"),
    [],
  );
});

test("Signal: a proxy's 429 is no word about the account, which listens again", async () => {
  await using fake = await fakeSignal();
  await using proxy = await AlteringProxy.before(fake, /\/events/);
  await using bench = new AccountBench(CHANNELS.find(({ id }) => id === fake.channel)!, proxy.settings(fake));

  proxy.answers({ status: 429 });
  await bench.open();
  await fake.says("heard");

  await bench.received("what is said", (each) => each.kind === "message" && each.text === "heard");
});

test("a file that the platform gives out in an hour holds up no answer", async () => {
  const fake = await fakeTelegram();
  await using proxy = await AlteringProxy.before(fake, /\/getFile/);
  await using bench = await ChannelBench.start(async () => fake, { settings: proxy.settings(fake) });
  const bytes = Buffer.from("hello");

  proxy.answers(botLimit(3_600));
  await fake.says("look", { files: [{ bytes, mimeType: "text/plain", fileName: "a.txt", kind: "document" }] });
  await bench.asks("next");

  const { messages } = await bench.operator.call("chat.history", { sessionKey: "main", limit: 20 });
  assert.match(JSON.stringify(messages), /a\.txt” *: not taken in — Telegram takes no more messages for 3600 s/);
});

test("files that a platform does not give out hold a conversation up once, however many messages have one", async () => {
  const fake = await fakeTelegram();
  await using proxy = await AlteringProxy.before(fake, /\/getFile/);
  await using bench = await ChannelBench.start(async () => fake, { settings: proxy.settings(fake) });
  const waits = 3;
  const file = { bytes: Buffer.from("hello"), mimeType: "text/plain", fileName: "a.txt", kind: "document" } as const;
  // One after the other, the first file would meet all refusals and be given up.
  for (let n = 0; n < waits; n++) proxy.answers(botLimit(2));

  for (let n = 0; n < waits; n++) await fake.says("look", { files: [file] });
  await bench.asks("next");

  assert.deepEqual([proxy.met, proxy.asked], [waits, 2 * waits]);
});
