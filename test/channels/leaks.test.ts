// Nothing secret is told to whoever writes, nor to those who look: whatever is wrong with a key or an address.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FakeTelegram, fakeTelegram, until } from "../../packages/fakes/src/index.ts";
import { say } from "../agent/support.ts";
import { freePort } from "../cli/harness.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Stage } from "./stage.ts";

const KEY = "sk-live-Q7x2mPz91LkVt";
const PASSWORD = "hunter2-hunter2";
const ENV = "wK9-env-value-77";

/** Everything that can be asked for how the gateway is. */
const LOOKS = [
  "health",
  "status",
  "models.status",
  "models.list",
  "mcp.status",
  "channels.status",
  "inbox.list",
  "runs.list",
  "config.get",
];

interface Told {
  /** The reply on Telegram. */
  readonly reply: string;
  readonly looks: string;
  readonly log: string;
}

/** What a stranger on Telegram, operators, and the log are told when the model's provider is set up like this. */
async function told(
  provider: object,
  more: Readonly<Record<string, unknown>> = {},
  env: Record<string, string> = {},
): Promise<Told> {
  await using fake: FakeTelegram = await fakeTelegram();
  await using stage = await Stage.start({
    channels: { telegram: { ...fake.settings, dmPolicy: "open", allowFrom: ["*"] } },
    config: {
      agents: { defaults: { model: "mine/some-model" } },
      models: { detectLocal: false, providers: { mine: { api: "openai-compatible", ...provider } } },
      ...more,
    },
    gateway: { env },
  });
  await stage.accountIs("connected", "telegram");
  await fake.says("hello", { from: "a stranger" });
  await until(fake, "an answer", () => fake.delivered.some(({ text }) => text.includes("⚠️")));
  await stage.operator.request("models.test", { model: "mine/some-model" });
  await stage.operator.request("mcp.test", { name: "there" });
  const looks = [];
  for (const method of LOOKS) looks.push(await stage.operator.request(method, {}));
  return {
    reply: fake.delivered.map(({ text }) => text).join("\n"),
    looks: JSON.stringify([looks, stage.operator.frames]),
    log: JSON.stringify(stage.gateway.log),
  };
}

const nowhere = `http://127.0.0.1:${await freePort()}/v1`;
const CASES: readonly [what: string, provider: object, reply: RegExp][] = [
  [
    "a key with a line break within",
    { baseUrl: nowhere, apiKey: `${KEY}\nrest` },
    /models\.providers\.mine\.apiKey holds a line break/,
  ],
  [
    "a key with a blank within",
    { baseUrl: nowhere, apiKey: `${KEY} rest` },
    /models\.providers\.mine\.apiKey holds blanks/,
  ],
  [
    "a key of other letters",
    { baseUrl: nowhere, apiKey: `${KEY}é` },
    /models\.providers\.mine\.apiKey holds blanks or characters/,
  ],
  [
    "a password in the address",
    { baseUrl: `http://me:${PASSWORD}@127.0.0.1:9/v1`, apiKey: KEY },
    /models\.providers\.mine\.baseUrl holds a name or a password/,
  ],
  [
    "an address that is none",
    { baseUrl: "nonsense", apiKey: KEY },
    /models\.providers\.mine\.baseUrl is not an address/,
  ],
  [
    "a header with a line break",
    { baseUrl: nowhere, apiKey: KEY, headers: { "x-extra": `${PASSWORD}\nb` } },
    /models\.providers\.mine\.headers\.x-extra holds a line break/,
  ],
  ["a service that does not answer", { baseUrl: nowhere, apiKey: KEY }, /mine does not answer \(ECONNREFUSED\)/],
];

describe("a stranger on Telegram is told what is wrong, and no secret", () => {
  for (const [what, provider, reply] of CASES) {
    test(`with ${what}`, async () => {
      const all = await told(provider);

      assert.match(all.reply, reply);
      assert.doesNotMatch(all.reply, /127\.0\.0\.1/);
      for (const text of [all.reply, all.looks, all.log])
        for (const secret of [KEY, PASSWORD]) assert.ok(!text.includes(secret), `${secret} in ${text.slice(0, 500)}`);
    });
  }

  test("when the provider itself repeats the key, and the words of the provider are for the owner", async () => {
    await using server = await fakeOpenAI();
    server.usual = { kind: "status", status: 418, message: `your key ${KEY} is a teapot` };

    const all = await told({ baseUrl: server.baseUrl, apiKey: KEY });

    assert.match(all.reply, /refused the request \(HTTP 418\)\./);
    assert.match(all.looks, /refused the request \(HTTP 418\) \(“your key \[(?:key|redacted)\] is a teapot”\)/);
    for (const text of [all.reply, all.looks, all.log]) assert.ok(!text.includes(KEY));
  });

  test("and a key with white space around it, as files end in it, works", async () => {
    await using server = await fakeOpenAI();
    await using stage = await Stage.start({
      channels: {},
      config: {
        agents: { defaults: { model: "mine/fake-model" } },
        models: {
          detectLocal: false,
          providers: { mine: { api: "openai-compatible", baseUrl: server.baseUrl, apiKey: ` ${KEY}\n` } },
        },
      },
    });

    await stage.operator.call("models.test", { model: "mine/fake-model" });

    assert.equal(server.requests.at(-1)?.headers.authorization, `Bearer ${KEY}`);
  });
});

describe("MCP servers", () => {
  const SERVERS: readonly [what: string, server: object, problem: RegExp][] = [
    [
      "a password in the address",
      { url: `http://me:${PASSWORD}@127.0.0.1:9/mcp` },
      /its url holds a name or a password/,
    ],
    [
      "a header with a line break",
      { url: nowhere, headers: { Authorization: `Bearer ${KEY}\nx` } },
      /its header Authorization holds a line break/,
    ],
    [
      "nobody at the address",
      { url: nowhere, headers: { Authorization: `Bearer ${KEY}` } },
      /cannot be reached: nobody answers at that address/,
    ],
    [
      "a program that tells its environment at its end",
      { command: "/bin/sh", args: ["-c", 'echo "$SECRET_VALUE $MODEL_KEY" >&2; exit 3'], env: { SECRET_VALUE: ENV } },
      /cannot be reached: it ended with code 3/,
    ],
  ];
  for (const [what, server, problem] of SERVERS) {
    test(`say what is wrong without a secret: ${what}`, async () => {
      await using stage = await Stage.start({
        channels: {},
        config: { mcp: { servers: { there: server } } },
        gateway: { env: { MODEL_KEY: KEY } },
      });

      const { error } = await stage.operator.request("mcp.test", { name: "there" });
      const looks = [await stage.operator.request("mcp.status", {}), await stage.operator.request("config.get", {})];

      assert.match(error?.message ?? "", problem);
      for (const text of [JSON.stringify(looks), JSON.stringify(error), JSON.stringify(stage.gateway.log)])
        for (const secret of [KEY, PASSWORD, ENV])
          assert.ok(!text.includes(secret), `${secret} in ${text.slice(0, 400)}`);
    });
  }
});

test("a secret that a model writes does not leave by a message, a draft, an event or an answer", async () => {
  await using fake = await fakeTelegram();
  await using server = await fakeOpenAI();
  server.usual = { kind: "text", text: `It is ${KEY} and ${ENV}, and https://me:${PASSWORD}@host.example/ too.` };
  await using stage = await Stage.start({
    channels: { telegram: { ...fake.settings, dmPolicy: "open", allowFrom: ["*"] } },
    config: {
      agents: { defaults: { model: "mine/fake-model" } },
      models: {
        detectLocal: false,
        providers: { mine: { api: "openai-compatible", baseUrl: server.baseUrl, apiKey: KEY } },
      },
      mcp: {
        servers: { there: { command: "none", env: { ANY: ENV }, args: ["--db", `postgres://me:${PASSWORD}@db/x`] } },
      },
    },
  });
  await stage.accountIs("connected", "telegram");
  const { chatId } = await fake.says("hello", { from: "a stranger" });
  await until(fake, "an answer", () => fake.delivered.length > 0);
  await stage.operator.call("message.edit", {
    channel: "telegram",
    to: chatId,
    messageId: fake.delivered[0]!.id,
    message: `now ${KEY}`,
    idempotencyKey: "e",
  });
  const sessions = (await stage.operator.call("sessions.list", {})).sessions.map(({ key }: { key: string }) => key);
  for (const sessionKey of sessions) await stage.operator.call("chat.history", { sessionKey });

  assert.match(fake.delivered[0]?.text ?? "", /^(?:It is \[redacted\] and \[redacted\], and|now \[redacted\])/);
  for (const text of [
    JSON.stringify(fake.delivered),
    JSON.stringify(stage.operator.frames),
    JSON.stringify(stage.gateway.log),
  ])
    for (const secret of [KEY, PASSWORD, ENV])
      assert.ok(
        !text.includes(secret),
        `${secret} in ${text.slice(text.indexOf(secret) - 300, text.indexOf(secret) + 40)}`,
      );
});

test("a key in the arguments of a tool does not reach readers, however long its frame is", async () => {
  await using server = await fakeOpenAI();
  await using stage = await Stage.start({
    channels: {},
    config: {
      agents: { defaults: { model: "mine/fake-model" } },
      models: {
        detectLocal: false,
        providers: { mine: { api: "openai-compatible", baseUrl: server.baseUrl, apiKey: KEY } },
      },
    },
  });
  const content = `${"A".repeat(600)} key ${KEY} ${"z ".repeat(40_000)}`;
  server.script(
    { kind: "tool-call", name: "write", arguments: { path: "a.txt", content } },
    { kind: "text", text: "Done." },
  );
  const reader = await stage.gateway.connect({ scopes: ["operator.read"] });
  await reader.call("sessions.messages.subscribe", { key: "main" });
  await say(stage.operator, "write it");
  const history = JSON.stringify(await reader.call("chat.history", { sessionKey: "main" }));

  assert.match(history, /A key \[redacted\] z z z/);
  for (const text of [history, JSON.stringify(reader.frames)]) assert.ok(!text.includes(KEY));
});

test("no password of the config is told to readers, admins or chats, however it is written there", async () => {
  await using fake = await fakeTelegram();
  await using server = await fakeOpenAI();
  const passwords = {
    slash: "pa/ssw0rd-long-1",
    at: "p@ssw0rd-long-2",
    hash: "pa#ss?w0rd-long-3",
    words: "correcthorsebattery",
    digits: "48151623",
    quotes: 'pa"ss\\w0rd-long5',
  };
  const addresses = [passwords.slash, passwords.at, passwords.hash].map((each) => `postgres://me:${each}@db/x`);
  const nested = JSON.stringify({ a: JSON.stringify({ token: passwords.quotes }) });
  server.usual = { kind: "text", text: [...addresses, ...Object.values(passwords), nested].join(" , ") };
  await using stage = await Stage.start({
    channels: { telegram: { ...fake.settings, dmPolicy: "open", allowFrom: ["*"] } },
    config: {
      agents: { defaults: { model: "mine/fake-model" } },
      models: {
        detectLocal: false,
        providers: { mine: { api: "openai-compatible", baseUrl: server.baseUrl, apiKey: KEY } },
      },
      mcp: {
        servers: {
          there: {
            command: "none",
            args: addresses,
            env: {
              SMTP_PASS: passwords.words,
              DB_PIN: passwords.digits,
              QUO_TOKEN: passwords.quotes,
              MODE: "production",
            },
          },
        },
      },
    },
  });
  await stage.accountIs("connected", "telegram");
  await fake.says("hello", { from: "a stranger" });
  await until(fake, "an answer", () => fake.delivered.length > 0);
  for (const method of LOOKS) await stage.operator.request(method, {});

  const told = { chat: fake.delivered.map(({ text }) => text).join(), frames: JSON.stringify(stage.operator.frames) };
  for (const text of Object.values(told))
    for (const secret of Object.values(passwords))
      for (const spelt of [secret, JSON.stringify(secret).slice(1, -1)])
        assert.ok(
          !text.includes(spelt),
          `${spelt} in ${text.slice(text.indexOf(spelt) - 200, text.indexOf(spelt) + 40)}`,
        );
});
