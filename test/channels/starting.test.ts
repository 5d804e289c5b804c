// Accounts between the start of the gateway and their own: clients hear of all that are set up, and may command them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDiscord, fakeTelegram } from "@moltbot/fakes";
import { FakeClock } from "../fakes/clock.ts";
import { OPEN } from "./bench.ts";
import { Stage } from "./stage.ts";

/** Channel, state and whether it runs, of each account that a client is told of. */
type Told = readonly (readonly [string, string, boolean])[];

function told(channels: Record<string, { state: string; running: boolean }>): Told {
  return Object.entries(channels).map(([id, { state, running }]) => [id, state, running] as const);
}

test("a client that asks before any account has begun is told of all that are set up, and how each stands", async () => {
  await using telegram = await fakeTelegram();
  // On this clock no account ever begins by itself.
  await using stage = await Stage.start({
    channels: {
      telegram: { ...telegram.settings, ...OPEN },
      discord: { enabled: false, botToken: "not needed while it is off" },
      slack: { ...OPEN },
    },
    gateway: { clock: new FakeClock() },
  });

  const { hello } = stage.operator;
  const health = await stage.operator.call("health", {});
  const status = await stage.operator.call("channels.status", {});
  const { channelSummary } = await stage.operator.call("status", {});

  const expected: Told = [
    ["telegram", "starting", true],
    ["discord", "disabled", false],
    ["slack", "unconfigured", false],
  ];
  const inOrder = (channels: Parameters<typeof told>[0]) =>
    told(channels).toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const order = expected.map(([id]) => id);
  assert.deepEqual(inOrder(hello.snapshot.health.channels), expected);
  assert.deepEqual(inOrder(health.channels), expected);
  assert.deepEqual(inOrder(status.channels), expected);
  assert.equal(status.channelAccounts.telegram[0].state, "starting");
  assert.match(status.channelAccounts.slack[0].problem.message, /token/i);
  assert.equal(channelSummary.length, 3);
});

test("an account is started at once when it is told to before its turn", async () => {
  await using telegram = await fakeTelegram();
  await using stage = await Stage.start({
    channels: { telegram: { ...telegram.settings, ...OPEN } },
    gateway: { clock: new FakeClock() },
  });

  const answer = await stage.operator.call("channels.start", { channel: "telegram" });
  const account = await stage.accountIs("connected", "telegram");

  assert.deepEqual([answer.started, account.running], [true, true]);
});

test("an account that is stopped before its turn stays so when the others begin", async () => {
  const clock = new FakeClock();
  await using telegram = await fakeTelegram();
  await using discord = await fakeDiscord();
  await using stage = await Stage.start({
    channels: { telegram: { ...telegram.settings, ...OPEN }, discord: { ...discord.settings, ...OPEN } },
    gateway: { clock },
  });

  const { stopped } = await stage.operator.call("channels.stop", { channel: "telegram" });
  clock.advance(1_000);
  const other = await stage.accountWhen("begun", "discord", "default", ({ state }) => {
    clock.advance(50);
    return state === "connected";
  });
  const account = await stage.account("telegram");

  assert.deepEqual([stopped, other.running], [true, true]);
  assert.deepEqual([account.state, account.running], ["stopped", false]);
});
