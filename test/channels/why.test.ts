// Why a message was answered or not: the rule, and the line of the config file that decided it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type FakeTelegram, fakeBlueBubbles, fakeTelegram, until } from "@moltbot/fakes";
import { LIMIT_MS } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";
import { refusal, Stage } from "./stage.ts";

/** A config as a person writes it; each rule on a line of its own. */
const configText = (fake: FakeTelegram) => `// Who may talk to me
{
  models: { detectLocal: false },
  channels: {
    telegram: {
      botToken: "${fake.settings.botToken}",
      apiRoot: "${fake.apiRoot}",
      dmPolicy: "allowlist",
      allowFrom: ["${fake.idOf("alice")}"],
      groupPolicy: "allowlist",
      groups: {
        "${fake.idOf({ group: "club" })}": { requireMention: true },
        "${fake.idOf({ group: "choir" })}": { requireMention: false, allowFrom: ["${fake.idOf("alice")}"] },
        "${fake.idOf({ group: "attic" })}": { enabled: false },
      },
    },
  },
  messages: { inboundMaxAgeHours: 2 },
}
`;

const TWO_DAYS_AGO = Date.now() - 48 * 3_600_000;

describe("why", () => {
  let fake: FakeTelegram;
  let stage: Stage;
  before(async () => {
    fake = await fakeTelegram();
    stage = await Stage.start({ channels: {}, gateway: { config: configText(fake) } });
    await stage.accountIs("connected", "telegram");
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await fake?.[Symbol.asyncDispose]();
  });

  /** What is answered to "why" once the message has its outcome. */
  const why = async (messageId: string) => {
    for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
      const { ok, payload } = await stage.operator.request("inbox.why", { message: messageId });
      if (ok && payload.entry.state === "done") return payload;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  /** Groups stand in the file by id. */
  const placed = (setting: string) =>
    setting.replace(/^groups\.(\w+)/, (_, group: string) => `groups.${fake.idOf({ group })}`);
  const cases = [
    ["a friend", {}, "replied", "allow-from", "allowFrom", 9],
    ["a stranger", { from: "mallory" }, "suppressed", "not-in-allow-from", "allowFrom", 9],
    ["a robot", { from: "robot", asBot: true }, "suppressed", "bot", "allowBots", undefined],
    ["old news", { at: TWO_DAYS_AGO }, "expired", "too-old", "messages.inboundMaxAgeHours", 18],
    ["talk in the club", { in: { group: "club" } }, "suppressed", "not-addressed", "groups.club.requireMention", 12],
    ["a song", { in: { group: "choir" } }, "replied", "group-open", "groups.choir.requireMention", 13],
    [
      "a wrong note",
      { in: { group: "choir" }, from: "mallory" },
      "suppressed",
      "group-sender-not-allowed",
      "groups.choir.allowFrom",
      13,
    ],
    ["mice", { in: { group: "attic" } }, "suppressed", "group-disabled", "groups.attic.enabled", 14],
    ["a crowd", { in: { group: "street" } }, "suppressed", "group-not-listed", "groups", 11],
  ] as const;
  for (const [text, options, outcome, rule, setting, line] of cases)
    test(`of ${text}: ${rule}${line === undefined ? " by default" : `, line ${line}`}`, async () => {
      const { id } = await fake.says(text, options);
      const { entry, config } = await why(id);

      assert.deepEqual([entry.outcome, entry.rule], [outcome, rule]);
      assert.equal(config.path, setting.startsWith("messages.") ? setting : `channels.telegram.${placed(setting)}`);
      assert.deepEqual([config.line, config.isDefault], [line, line === undefined]);
      if (outcome !== "replied") assert.match(entry.detail, /\w+ \w+.*\.$/);
    });

  test("of an answer: its parts and where each went", async () => {
    const { id, chatId } = await fake.says("/echo in parts");
    const { entry, parts } = await why(id);

    assert.equal(entry.runId, `msg-${entry.id}`);
    assert.deepEqual(
      parts.map((part: Record<string, unknown>) => [part.text, part.state, part.chatId, part.attempts]),
      [["in parts", "sent", chatId, 1]],
    );
  });

  test("of a value: what stands there", async () => {
    const { id } = await fake.says("hello", { from: "mallory" });
    const { config } = await why(id);
    const reader = await stage.gateway.connect({ scopes: ["operator.read"] });
    const read = await reader.call("inbox.why", { message: String(id) });

    assert.deepEqual(config.value, [fake.idOf("alice")]);
    assert.deepEqual(read.config, { path: config.path, line: config.line, isDefault: false });
  });

  test("of the newest, by the gateway's own number, and of what never came", async () => {
    const { id } = await fake.says("/echo the newest");
    const { entry } = await why(id);

    assert.equal((await stage.operator.call("inbox.why", {})).entry.id, entry.id);
    assert.equal((await stage.operator.call("inbox.why", { message: `#${entry.id}` })).entry.messageId, id);
    assert.equal(
      (await refusal(stage.operator.request("inbox.why", { message: "nothing" }))).message,
      "no inbound message nothing; `moltbot why` without a number lists the newest",
    );
  });

  test("every message has one outcome, and a rule", async () => {
    const { entries } = await stage.operator.call("inbox.list", { limit: 500 });

    assert.ok(entries.length >= cases.length);
    for (const { text, state, outcome, rule } of entries)
      assert.ok(state === "done" && outcome && rule, `“${text}” is ${state}: ${outcome} by ${rule}`);
  });
});

test("no message has come: there is nothing to explain", async () => {
  await using stage = await Stage.start({ channels: {} });

  const { message } = await refusal(stage.operator.request("inbox.why", {}));

  assert.equal(message, "no message has come in yet over any channel");
});

describe("platforms that call the gateway", () => {
  let bench: ChannelBench;
  let url: string;
  before(async () => {
    const fake = await fakeBlueBubbles();
    bench = await ChannelBench.start(async () => fake);
    const config = JSON.parse(bench.gateway.readConfig());
    Object.assign(config.channels.imessage, { webhookUrl: bench.gateway.httpUrl, pollSeconds: 3600 });
    bench.gateway.writeConfig(JSON.stringify(config));
    url = await until(fake, "a webhook", () => fake.webhooks[0]);
  });
  after(async () => await bench?.[Symbol.asyncDispose]());

  const statusOf = async (address: string, init: RequestInit) => (await fetch(address, init)).status;
  const post = { method: "POST", headers: { "content-type": "application/json" } };

  test("are heard", async () => {
    await bench.linked();

    await bench.asks("by webhook");
  });

  test("are heard by POST only, on a path that exists", async () => {
    const { origin } = new URL(url);

    assert.equal(await statusOf(url, { method: "GET" }), 405);
    assert.equal(await statusOf(url, { method: "PUT", body: "{}" }), 405);
    assert.equal(await statusOf(`${origin}/channels/imessage/other`, { ...post, body: "{}" }), 404);
    assert.equal(await statusOf(`${origin}/channels/`, { ...post, body: "{}" }), 404);
    assert.equal(await statusOf(`${origin}/channels/__proto__/x`, { ...post, body: "{}" }), 404);
  });

  test("need the secret, before a byte of the body is read", async () => {
    const { origin, pathname } = new URL(url);
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1_000)) });

    assert.equal(await statusOf(`${origin}${pathname}`, { ...post, body: "{}" }), 401);
    assert.equal(
      await statusOf(`${origin}${pathname}`, { ...post, body: endless, duplex: "half" } as RequestInit),
      401,
    );
  });

  test("are refused a body that is too large, and one that cannot be read", async () => {
    assert.equal(await statusOf(url, { ...post, body: "x".repeat(1_100_000) }), 413);
    assert.equal(await statusOf(url, { ...post, body: "{" }), 400);

    await bench.asks("still heard");
  });
});
