import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { ScriptedChannel } from "../../../../../../../test/fakes/scripted-channel.ts";
import { createLog } from "../../../../base/log.ts";
import { Secrets } from "../../../../base/privacy/secrets.ts";
import { Machine } from "../../../../base/process/machine.ts";
import { type ChannelContext, ChannelError, type ChannelState } from "../../../../kit/channel.ts";
import { Account } from "./account.ts";
import type { AccountSettings } from "./account-settings.ts";

const NO_STATE: ChannelState = { get: () => undefined, entries: () => [], write: () => {} };

/** An account over paper, and every state it has been in. */
function paperAccount() {
  const paper = new ScriptedChannel();
  const clock = new FakeClock();
  const states: string[] = [];
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const account = new Account({
    key: { channel: "paper", account: "default" },
    definition: paper.definition,
    clock,
    guard: (text) => text,
    log,
    machine: new Machine({ clock, log, folder: tmpdir() }),
    settings: () => ({ own: {} }) as AccountSettings,
    state: NO_STATE,
    context: (signal) => ({ signal }) as ChannelContext,
    changed: ({ state }) => states.push(state),
    connected: () => {},
  });
  return { paper, clock, account, states };
}

/** Runs everything that needs no time. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

const network = new ChannelError("network", "The link is gone.");

test("an account connects without anybody waiting for it, and stops when told", async () => {
  const { account, paper, states } = paperAccount();
  account.start();
  assert.equal(paper.opened, 0);
  await quiet();
  await account.stop();

  assert.deepEqual(states, ["starting", "connected", "stopped"]);
  assert.deepEqual([paper.opened, paper.closed], [1, 1]);
});

test("an account whose messages the disk refused is opened again as soon as it has recovered, however often", async () => {
  const { account, clock, paper } = paperAccount();
  const full = new ChannelError("unavailable", "It cannot be stored.", { cause: { errcode: 13 } });
  paper.openings.push(...Array.from({ length: 20 }, () => full));
  account.start();
  for (let n = 0; n < 20; n++) {
    await quiet();
    clock.advance(1_000);
  }
  await quiet();

  assert.deepEqual([account.state, account.times.failures, paper.opened], ["connected", 0, 21]);
});

test("a lost link is opened again after a second, then two, four …, with chance", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push(network, network, network, network);
  account.start();
  await quiet();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    waits.push((account.times.nextAttemptAt ?? 0) - clock.now());
    clock.advance(waits.at(-1)!);
    await quiet();
  }

  assert.equal(account.state, "connected");
  assert.ok(
    waits.every((wait, n) => wait >= 750 * 2 ** n && wait <= 1_250 * 2 ** n),
    waits.join(),
  );
  await account.stop();
});

test("the server's own wait counts more than ours", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push(new ChannelError("rate-limited", "Slow down.", { retryAfterMs: 33_000 }));
  account.start();
  await quiet();

  assert.equal((account.times.nextAttemptAt ?? 0) - clock.now(), 33_000);
  await account.stop();
});

test("after a dozen failures in a row the next tries are minutes apart", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push(...Array.from({ length: 13 }, () => network));
  account.start();
  await quiet();
  for (let n = 0; n < 11; n++) {
    clock.advance((account.times.nextAttemptAt ?? 0) - clock.now());
    await quiet();
  }

  assert.equal((account.times.nextAttemptAt ?? 0) - clock.now(), 5 * 60_000);
  await account.stop();
});

test("a link that held for a while starts the count anew", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push(network, network);
  account.start();
  await quiet();
  for (let n = 0; n < 2; n++) {
    clock.advance((account.times.nextAttemptAt ?? 0) - clock.now());
    await quiet();
  }
  clock.advance(61_000);
  paper.end(network);
  await quiet();

  assert.equal(account.times.failures, 1);
  await account.stop();
});

for (const kind of ["logged-out", "bad-credentials", "replaced", "banned"] as const) {
  test(`an account that is ${kind} does not try again by itself, and says what to do`, async () => {
    const { account, clock, paper } = paperAccount();
    paper.openings.push(new ChannelError(kind, "Do this."));
    account.start();
    await quiet();
    clock.advance(3_600_000);
    await quiet();

    assert.equal(account.state, "failed");
    assert.deepEqual(account.problem, { kind, message: "Do this." });
    assert.equal(paper.opened, 1);
  });
}

test("an account that lacks something says what, and is not opened", async () => {
  const { account, paper } = paperAccount();
  paper.missing = "Paper needs ink; set channels.paper.ink.";
  account.start();
  await quiet();

  assert.equal(account.state, "unconfigured");
  assert.equal(account.problem?.message, "Paper needs ink; set channels.paper.ink.");
  assert.equal(paper.opened, 0);
});

test("an account that does not connect is given up after a while and tried again", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push("hang");
  account.start();
  await quiet();
  clock.advance(150_000);
  await quiet();
  assert.equal(account.state, "waiting");
  clock.advance(2_000);
  await quiet();

  assert.equal(account.state, "connected");
  await account.stop();
});

test("what escapes from the library closes the link and opens a new one", async () => {
  const { account, clock, paper } = paperAccount();
  account.start();
  await quiet();
  account.crashed(new Error("a timer threw"));
  await quiet();
  assert.match(
    account.problem?.message ?? "",
    /failed inside its library \(an unexpected error happened; the log says more under e-[0-9a-f]{8}\)/,
  );
  clock.advance(2_000);
  await quiet();

  assert.equal(account.state, "connected");
  assert.deepEqual([paper.opened, paper.closed], [2, 1]);
  await account.stop();
});

test("stopping during a wait ends the wait", async () => {
  const { account, clock, paper } = paperAccount();
  paper.openings.push(network);
  account.start();
  await quiet();
  await account.stop();

  assert.equal(account.state, "stopped");
  assert.equal(clock.pending, 0);
});
