// Accounts: each starts, fails, changes and stops alone, and what is saved has been tried.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type FakeTelegram, fakeDiscord, fakeTelegram, until } from "@moltbot/fakes";
import { within } from "../support/time-limit.ts";
import { WireClient } from "../support/wire-client.ts";
import { OPEN } from "./bench.ts";
import { refusal, Stage } from "./stage.ts";

const WRONG_TOKEN = "987654321:AAWrongWrongWrongWrongWrongWrongWrong";

/** Telegram with two accounts, "one" and "two". */
const twoOn = (one: FakeTelegram, two: FakeTelegram, change: object = {}) => ({
  telegram: { ...OPEN, accounts: { one: { ...one.settings, ...change }, two: two.settings } },
});

/** Somebody asks for an echo and gets it. */
async function answers(fake: FakeTelegram, text: string): Promise<void> {
  await fake.says(`/echo ${text}`);
  await until(fake, `“${text}”`, () => fake.delivered.some((message) => message.text === text));
}

test("accounts of one channel answer side by side, each as itself", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: twoOn(one, two) });

  await answers(one, "first");
  await answers(two, "second");
  const { entries } = await stage.operator.call("inbox.list", {});

  assert.deepEqual(
    entries.map(({ accountId, text }: { accountId: string; text: string }) => [accountId, text]),
    [
      ["two", "/echo second"],
      ["one", "/echo first"],
    ],
  );
});

test("a changed connection setting restarts its account and no other", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: twoOn(one, two) });
  const before = await stage.accountIs("connected", "telegram", "one");
  const other = await stage.accountIs("connected", "telegram", "two");

  stage.edit(twoOn(one, two, { pollSeconds: 7 }));
  await stage.accountWhen(
    "connected again",
    "telegram",
    "one",
    ({ state, lastConnectedAt }) => state === "connected" && lastConnectedAt > before.lastConnectedAt,
  );
  await answers(one, "after the change");

  assert.equal((await stage.account("telegram", "two")).lastStartAt, other.lastStartAt);
});

test("a changed policy holds for the next message and restarts nobody", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: twoOn(one, two) });
  const before = await stage.accountIs("connected", "telegram", "one");

  stage.edit(twoOn(one, two, { dmPolicy: "disabled" }));
  await stage.accountWhen("of the new policy", "telegram", "one", ({ dmPolicy }) => dmPolicy === "disabled");
  await one.says("/echo refused");
  await answers(two, "still here");
  const { entries } = await stage.operator.call("inbox.list", { accountId: "one" });

  assert.deepEqual(
    [entries[0].rule, entries[0].setting],
    ["direct-disabled", "channels.telegram.accounts.one.dmPolicy"],
  );
  assert.equal((await stage.account("telegram", "one")).lastStartAt, before.lastStartAt);
});

test("an account that is switched off stops and says so, and goes on where it was when it is switched on", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: twoOn(one, two) });
  await stage.accountIs("connected", "telegram", "one");

  stage.edit(twoOn(one, two, { enabled: false }));
  const off = await stage.accountIs("disabled", "telegram", "one");
  await one.says("/echo said meanwhile");
  await answers(two, "the other one");
  stage.edit(twoOn(one, two));
  await stage.accountIs("connected", "telegram", "one");
  await until(one, "the answer", () => one.delivered.some(({ text }) => text === "said meanwhile"));

  assert.deepEqual([off.enabled, off.running, off.connected], [false, false, false]);
});

test("a wrong token is a state of its account with its fix; others work, and the right token starts it", async () => {
  await using telegram = await fakeTelegram();
  await using discord = await fakeDiscord();
  const channels = (change: object) => ({
    telegram: { ...telegram.settings, ...OPEN, ...change },
    discord: { ...discord.settings, ...OPEN },
  });
  await using stage = await Stage.start({ channels: channels({ botToken: WRONG_TOKEN }) });

  const { problem, running } = await stage.accountIs("failed", "telegram");
  await stage.accountIs("connected", "discord");
  // The snapshot is made anew a moment after a state has changed.
  let health = await stage.operator.call("health", {});
  while (health.channels.telegram.state === "starting") health = await stage.operator.call("health", {});
  stage.edit(channels({}));
  await stage.accountIs("connected", "telegram");

  assert.deepEqual(problem, {
    kind: "bad-credentials",
    message:
      "Telegram rejected the bot token; take the current one from @BotFather and set channels.telegram.botToken.",
  });
  assert.equal(running, false);
  assert.equal(health.channels.telegram.state, "failed");
});

test("channels.add tries a token before it saves it", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({ channels: {} });
  const before = stage.gateway.readConfig();

  const wrong = await refusal(
    stage.operator.request("channels.add", {
      channel: "telegram",
      settings: { ...fake.settings, botToken: WRONG_TOKEN },
    }),
  );
  const after = stage.gateway.readConfig();
  const added = await stage.operator.call("channels.add", {
    channel: "telegram",
    settings: { ...fake.settings, dmPolicy: "open", allowFrom: ["*"] },
  });
  await stage.accountIs("connected", "telegram");
  await answers(fake, "just added");

  assert.equal(wrong.code, "INVALID_REQUEST");
  assert.match(wrong.message, /^Telegram rejected the bot token; .*\. Nothing was saved\.$/);
  assert.deepEqual(wrong.details, { code: "CHANNEL_PROBE_FAILED", kind: "bad-credentials" });
  assert.equal(after, before);
  assert.deepEqual(added, {
    channel: "telegram",
    accountId: "default",
    self: { id: "123456789", name: "Moltbot" },
  });
});

test("channels.add says what is missing, and refuses settings that do not exist", async () => {
  await using stage = await Stage.start({ channels: {} });

  const missing = await refusal(stage.operator.request("channels.add", { channel: "telegram", settings: {} }));
  const unknown = await refusal(
    stage.operator.request("channels.add", { channel: "telegram", force: true, settings: { botToken: 7 } }),
  );
  const misspelled = await refusal(
    stage.operator.request("channels.add", { channel: "telegram", settings: { token: "1:a" } }),
  );
  const channel = await refusal(stage.operator.request("channels.add", { channel: "telegraph", settings: {} }));

  assert.match(missing.message, /^Telegram needs a bot token: get one from @BotFather/);
  assert.equal(unknown.message, "invalid config");
  assert.equal(
    misspelled.message,
    "Telegram has no setting token; its own are botToken, apiRoot, pollSeconds, linkPreviews",
  );
  assert.equal(channel.message, "unsupported channel: telegraph");
});

test("a config file that is broken is left as it is", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({ channels: { telegram: { ...fake.settings, ...OPEN } } });
  await stage.accountIs("connected", "telegram");
  stage.gateway.writeConfig("{\n  broken");
  await stage.gateway.logged("the config file is invalid; the last good copy stays in force");

  const add = await refusal(stage.operator.request("channels.add", { channel: "telegram", settings: fake.settings }));
  const remove = await refusal(stage.operator.request("channels.remove", { channel: "telegram" }));
  await answers(fake, "still in force");

  assert.match(add.message, /^the config file is invalid \(line 2\): not valid JSON5: .*; mend it first$/);
  assert.equal(remove.message, add.message);
  assert.equal(stage.gateway.readConfig(), "{\n  broken");
});

test("an account that is switched off is started by its setting only", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({ channels: { telegram: { ...fake.settings, enabled: false } } });
  await stage.accountIs("disabled", "telegram");

  const start = await refusal(stage.operator.request("channels.start", { channel: "telegram" }));
  await stage.operator.call("channels.logout", { channel: "telegram" });

  assert.equal(start.message, "Telegram is switched off; set channels.telegram.enabled to true");
  assert.equal((await stage.account("telegram")).running, false);
});

test("a second account leaves the first one working, as accounts.default", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: { telegram: { ...one.settings, ...OPEN } } });
  const first = await stage.accountIs("connected", "telegram");

  await stage.operator.call("channels.add", { channel: "telegram", accountId: "work", settings: two.settings });
  await stage.accountIs("connected", "telegram", "work");
  await answers(one, "the first");
  await answers(two, "the second");
  const { telegram } = JSON.parse(stage.gateway.readConfig()).channels;

  assert.deepEqual(Object.keys(telegram.accounts), ["default", "work"]);
  assert.equal(telegram.botToken, undefined);
  assert.equal(telegram.accounts.default.botToken, one.settings.botToken);
  assert.equal((await stage.account("telegram")).lastStartAt, first.lastStartAt);
});

test("a second account takes over what its channel says when its token is tried", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({
    channels: { telegram: { apiRoot: fake.apiRoot, accounts: { one: { botToken: fake.settings.botToken } } } },
  });

  const added = await stage.operator.call("channels.add", {
    channel: "telegram",
    accountId: "two",
    settings: { botToken: fake.settings.botToken },
  });

  assert.equal(added.self.id, "123456789");
});

test("channels.remove takes an account and its token out of the config, and the others stay", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: { telegram: { ...one.settings, ...OPEN } } });
  await stage.operator.call("channels.add", { channel: "telegram", accountId: "work", settings: two.settings });
  await stage.accountIs("connected", "telegram", "work");

  const removed = await stage.operator.call("channels.remove", { channel: "telegram", accountId: "default" });
  await answers(two, "who is left");
  const ids = (await stage.accounts("telegram")).map(({ accountId }) => accountId);
  const text = stage.gateway.readConfig();
  const again = await stage.operator.call("channels.remove", { channel: "telegram", accountId: "default" });
  await stage.operator.call("channels.remove", { channel: "telegram", accountId: "work" });

  assert.deepEqual(removed, { channel: "telegram", accountId: "default", removed: true });
  assert.equal(again.removed, false);
  assert.deepEqual(ids, ["work"]);
  assert.ok(!text.includes(one.apiRoot), "nothing of the removed account stays");
  assert.deepEqual(JSON.parse(stage.gateway.readConfig()).channels, {});
  assert.equal(one.isLinked || two.isLinked, false);
});

test("an account is stopped and started by hand, and a stop outlives no change of others", async () => {
  await using one = await fakeTelegram();
  await using two = await fakeTelegram();
  await using stage = await Stage.start({ channels: twoOn(one, two) });
  await stage.accountIs("connected", "telegram", "one");

  const stopped = await stage.operator.call("channels.stop", { channel: "telegram", accountId: "one" });
  await one.says("/echo while stopped");
  const { state, lastStopAt } = await stage.account("telegram", "one");
  const started = await stage.operator.call("channels.start", { channel: "telegram", accountId: "one" });
  await until(one, "the answer", () => one.delivered.some(({ text }) => text === "while stopped"));
  const unknown = await refusal(stage.operator.request("channels.start", { channel: "telegram", accountId: "x" }));

  assert.deepEqual([stopped.stopped, started.started, state], [true, true, "stopped"]);
  assert.ok(lastStopAt > 0);
  assert.equal(unknown.message, "Telegram has no account x; `moltbot channels list` shows what there is");
});

test("a logout forgets what the account remembered and answers what was there", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({ channels: { telegram: { ...fake.settings, ...OPEN } } });
  await stage.accountIs("connected", "telegram");

  const out = await stage.operator.call("channels.logout", { channel: "telegram" });
  await stage.accountIs("connected", "telegram");

  assert.deepEqual(out, { channel: "telegram", accountId: "default", cleared: false, loggedOut: false });
});

test("the environment's token is the default account's and nobody else's", async () => {
  await using fake = await fakeTelegram();
  await using stage = await Stage.start({
    channels: { telegram: { apiRoot: fake.apiRoot, ...OPEN, accounts: { default: {}, other: {} } } },
    gateway: { env: { TELEGRAM_BOT_TOKEN: String(fake.settings.botToken) } },
  });

  await stage.accountIs("connected", "telegram");
  const { problem } = await stage.accountIs("unconfigured", "telegram", "other");

  assert.equal(problem.kind, "unconfigured");
  assert.match(problem.message, /^Telegram needs a bot token/);
});

test("what a library throws in a timer or rejects with ends its account, not the gateway or another account", async () => {
  await using good = await fakeTelegram();
  await using bad = await fakeTelegram();
  const folder = mkdtempSync(join(tmpdir(), "moltbot-faulty-"));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  const stateDir = join(folder, "state");
  mkdirSync(stateDir, { mode: 0o700 });
  const accounts = { faulty: bad.settings, good: good.settings };
  const config = { models: { detectLocal: false }, channels: { telegram: { ...OPEN, accounts } } };
  writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify(config), { mode: 0o600 });
  const program = join(import.meta.dirname, "faulty-process.ts");
  const child = spawn(process.execPath, ["--conditions=moltbot-source", program, stateDir], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS },
  });
  using _child = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
  const [url] = (await within(once(createInterface(child.stdout), "line"), "the gateway to start")) as [string];
  using operator = new WireClient(url, { token: "secret-token" });
  await operator.opened();
  await operator.shakeHands({ scopes: ["operator.admin"] });

  const problemOf = async () => {
    for (;;) {
      const { payload } = await operator.nextOf("channels.changed");
      if (payload.account.accountId === "faulty" && payload.account.problem) return payload.account;
    }
  };
  const { state, problem } = await within(problemOf(), "the faulty account's problem");
  await answers(good, "not my fault");

  assert.equal(state, "waiting");
  assert.match(
    problem.message,
    /^Telegram failed inside its library \(an unexpected error happened; the log says more under e-[0-9a-f]{8}\)/,
  );
  assert.equal(child.exitCode, null);
});

test("neither the start nor the stop of the gateway waits for a platform that never answers", async () => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  using _silent = { [Symbol.dispose]: () => void silent.close() };
  const { port } = silent.address() as { port: number };
  const settings = { botToken: WRONG_TOKEN, apiRoot: `http://127.0.0.1:${port}` };
  const startedAt = performance.now();
  const stage = await Stage.start({ channels: { telegram: { ...OPEN, ...settings } } });
  const startMs = performance.now() - startedAt;

  await stage.accountIs("starting", "telegram");
  const { ok } = await stage.operator.call("health", {});
  const stoppingAt = performance.now();
  await stage[Symbol.asyncDispose]();
  const stopMs = performance.now() - stoppingAt;

  assert.equal(ok, true);
  // An account may take two minutes and a half until it is connected, and five seconds until it is closed.
  assert.ok(startMs < 60_000, `the start took ${startMs} ms`);
  assert.ok(stopMs < 5_000, `the stop took ${stopMs} ms`);
});

test("a program that is missing on this machine is named, and tried again slowly", async () => {
  await using stage = await Stage.start({
    channels: { signal: { account: "+15550100", cliPath: "/nowhere/signal-cli" } },
  });

  const { problem, nextAttemptAt } = await stage.accountIs("waiting", "signal");

  assert.equal(problem.kind, "unavailable");
  assert.match(problem.message, /signal-cli/);
  assert.ok(nextAttemptAt - Date.now() > 60_000);
});

test("no secret of an account leaves the gateway, whatever goes wrong with it", async () => {
  await using good = await fakeTelegram();
  await using down = await fakeTelegram();
  const secrets = {
    refused: "111111111:AARefusedRefusedRefusedRefusedRefused",
    unreachable: "222222222:AAUnreachableUnreachableUnreachableUn",
    added: "333333333:AAAddedAddedAddedAddedAddedAddedAdded",
    slackBot: "xoxb-1111111111-SecretSecretSecret",
    slackApp: "xapp-1-AAAAAAAAA-SecretSecretSecret",
  };
  await down.trouble({ kind: "down" });
  await using stage = await Stage.start({
    channels: {
      telegram: {
        accounts: {
          good: good.settings,
          refused: { ...good.settings, botToken: secrets.refused },
          unreachable: { botToken: secrets.unreachable, apiRoot: down.apiRoot },
        },
      },
      slack: { botToken: secrets.slackBot, appToken: secrets.slackApp, apiUrl: `${down.apiRoot}/api/` },
    },
    gateway: { verbose: true },
  });
  await stage.accountIs("failed", "telegram", "refused");
  await stage.accountIs("waiting", "telegram", "unreachable");
  await stage.accountIs("waiting", "slack");
  const answers = [
    await stage.operator.request("channels.add", {
      channel: "telegram",
      accountId: "added",
      settings: { botToken: secrets.added, apiRoot: down.apiRoot },
    }),
    await stage.operator.request("channels.status", { probe: true }),
    await stage.operator.request("health", { probe: true }),
    await stage.operator.request("status", {}),
    await stage.operator.request("config.get", {}),
    await stage.operator.request("logs.tail", {}),
  ];

  const seen = JSON.stringify([answers, stage.operator.frames, stage.gateway.log]);

  for (const secret of [...Object.values(secrets), String(good.settings.botToken)])
    assert.ok(!seen.includes(secret), `${secret} is shown`);
});
