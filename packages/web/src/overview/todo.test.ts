import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts } from "./facts.ts";
import { scopeWords, todosOf } from "./todo.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;

/** Facts as they come over the wire, of which each test needs a few fields only. */
function lines(facts: object): string[] {
  return todosOf(facts as Facts, NOW).map(({ title, text, label }) => `${title} | ${text} | ${label}`);
}

function account(more: object) {
  return { accountId: "default", enabled: true, state: "connected", unknown: 0, queued: 0, ...more };
}

const channels = (...accounts: object[]) => ({
  channels: { channelLabels: { telegram: "Telegram" }, channelAccounts: { telegram: accounts } },
});

test("nothing is to be done before anything is known, nor where all is well", () => {
  assert.deepEqual(lines({}), []);
  assert.deepEqual(
    lines({
      ...channels(account({})),
      health: { config: { valid: true }, machine: {}, backup: { nextAt: NOW + HOUR_MS } },
      usage: { budgets: [{ setting: "usage.daily", usedPercent: 79, used: 79, limit: 100, unit: "tokens" }] },
      update: { isNewer: false, newest: "1", version: "1" },
    }),
    [],
  );
});

test("people who wait come first, in the order of how much they may do", () => {
  const kinds = todosOf(
    {
      health: { config: { valid: false, problem: "line 3" } },
      nodes: { pending: [{ requestId: "n1", nodeId: "0123456789abcdef", commands: [] }] },
      devices: { pending: [{ requestId: "d1", deviceId: "0123456789abcdef" }] },
      senders: { pending: [{ channel: "telegram", id: "7", code: "ABC" }] },
      approvals: [{ id: "a1", request: { command: "ls" } }],
    } as unknown as Facts,
    NOW,
  ).map(({ kind, id }) => `${kind}: ${id}`);

  assert.deepEqual(kinds, [
    "approval: approval a1",
    "sender: sender telegram ABC",
    "device: device d1",
    "node: node n1",
    "page: config",
  ]);
});

test("who waits is named: by what they call themselves, or by their id", () => {
  const pending = { deviceId: "0123456789abcdef", requestId: "d1" };

  const told = lines({
    senders: {
      pending: [
        { channel: "telegram", id: "7", name: "Ann", code: "ABC" },
        { channel: "signal", id: "+49", code: "DEF" },
      ],
    },
    devices: {
      pending: [
        { ...pending, displayName: "Phone", scopes: ["operator.read", "operator.odd"], remoteIp: "10.0.0.7" },
        pending,
      ],
    },
    nodes: { pending: [{ requestId: "n1", nodeId: "0123456789abcdef", commands: ["camera.snap", "system.run"] }] },
  });

  assert.deepEqual(told, [
    "Ann wants to write to the agent | On Telegram, with the code ABC. | Let in",
    "+49 wants to write to the agent | On Signal, with the code DEF. | Let in",
    "Phone wants to connect | It asks for reading, operator.odd, from 10.0.0.7. | Approve",
    "0123456789ab wants to connect | It asks for nothing beyond its role. | Approve",
    "0123456789ab wants to be a node | It offers `camera.snap`, `system.run`. | Approve",
  ]);
});

test("an account that does not work, or waits for its phone, leads to its page; one that is off does not", () => {
  const told = lines(
    channels(
      account({ state: "failed", problem: { message: "The token was refused." } }),
      account({ accountId: "work", state: "unconfigured", linked: false }),
      account({ accountId: "old", enabled: false, state: "failed" }),
      account({ accountId: "slow", state: "waiting" }),
    ),
  );

  assert.deepEqual(told, [
    "Telegram does not work | The token was refused. | Open Channels",
    "Telegram work is not linked | Its page says what is missing. | Open Channels",
  ]);
});

test("messages that may not have been sent are counted, also of an account that works", () => {
  const [one, two] = [1, 2].map((unknown) => lines(channels(account({ unknown })))[0]?.split(" | ")[0]);

  assert.deepEqual(
    [one, two],
    ["1 message on Telegram may not have been sent", "2 messages on Telegram may not have been sent"],
  );
});

test("a budget is told from 80 % on, and otherwise when it is used up", () => {
  const budget = (usedPercent: number, unit: "usd" | "tokens") => ({
    ...{ setting: "usage.daily", usedPercent, used: unit === "usd" ? 0.8 : usedPercent, limit: 100, unit },
  });

  assert.deepEqual(lines({ usage: { budgets: [budget(80, "usd"), budget(100, "tokens")] } }), [
    "A budget is used to 80 % | `usage.daily`: 0.80 of 100 USD. | Open Usage",
    "A budget is used up | `usage.daily`: 100 of 100 tokens. | Open Usage",
  ]);
});

test("a backup is asked for when it failed, or is a day late, and not where backups are off", () => {
  const titles = (backup: object) => lines({ health: { backup } }).map((line) => line.split(" | ")[0]);

  assert.deepEqual(lines({ health: { backup: { problem: "the disk is full" } } }), [
    "There is trouble with the backups | the disk is full | Make one now",
  ]);
  assert.deepEqual(titles({ problem: "the disk is full" }), ["There is trouble with the backups"]);
  assert.deepEqual(titles({ nextAt: NOW - 24 * HOUR_MS - 1 }), ["The newest backup is too old"]);
  assert.deepEqual(titles({ nextAt: NOW - 24 * HOUR_MS }), []);
  assert.deepEqual(titles({ nextAt: NOW - 25 * HOUR_MS, off: true }), []);
});

test("the machine, the config file and a newer version have a line each with where to go", () => {
  const told = lines({
    health: {
      config: { valid: false, problem: "line 3" },
      machine: { trouble: "no memory", disk: { freeBytes: 4e8 } },
    },
    update: { isNewer: true, newest: "2026.12.0", version: "2026.11.0" },
  });

  assert.deepEqual(told, [
    "The config file has a mistake; the last good copy is in force | line 3 | Open Settings",
    "The gateway’s machine is in trouble | no memory | Open Logs",
    "The disk is almost full | 400 MB are free. `moltbot state` says what takes the room. | Open Logs",
    "Version 2026.12.0 is there | This gateway runs 2026.11.0. | Update…",
  ]);
});

test("a scope is told by what it lets its holder do", () => {
  assert.deepEqual(["operator.admin", "operator.pairing", "node"].map(scopeWords), [
    "everything",
    "letting others in",
    "node",
  ]);
});
