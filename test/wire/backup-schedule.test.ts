// Backups that are made by themselves, over weeks: on a clock that the test moves.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { eventually } from "../support/time-limit.ts";

const DAY_MS = 24 * 3_600_000;

/** Passes days; a gateway has made its backup of each before the next one comes. */
async function passDays(gateway: TestGateway, clock: FakeClock, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await isPlanned(gateway, clock);
    const before = gateway.log.length;
    clock.advance(DAY_MS);
    await gateway.logged("a backup was made", before);
  }
  await isPlanned(gateway, clock);
}

async function isPlanned(gateway: TestGateway, clock: FakeClock): Promise<void> {
  const client = await gateway.connect();
  await eventually("the next backup to be planned", async () => {
    const { nextAt = 0 } = await client.call("backup.list", {});
    return nextAt > clock.now();
  });
  client[Symbol.dispose]();
}

/** Lets a gateway that has just started look for the backups that there are. */
async function lookedAround(gateway: TestGateway, clock: FakeClock): Promise<void> {
  clock.advance(2_000);
  await isPlanned(gateway, clock);
}

/** The days of the backups that are there, counted from the first day, newest first. */
function daysIn(folder: string): number[] {
  const days = readdirSync(folder).map((name) => Date.parse(/\d{4}-\d\d-\d\d/.exec(name)![0]));
  return days.map((at) => Math.floor(at / DAY_MS) - Math.floor(FAKE_EPOCH / DAY_MS)).sort((a, b) => b - a);
}

/** Puts a backup there as one of each of these days would stand there. A day of the fake clock is slow: its timers all fire. */
function putBackups(folder: string, days: readonly number[], bytes: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const day of days) {
    const name = `moltbot-${new Date(FAKE_EPOCH + day * DAY_MS).toISOString().replace(/[:.]/g, "-")}.tar.zst`;
    writeFileSync(join(folder, name), "");
    truncateSync(join(folder, name), bytes);
  }
}

test("a backup is made each day, and those of seven days and of four weeks stay", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock });
  const folder = `${gateway.stateDir}-backups`;
  putBackups(
    folder,
    Array.from({ length: 40 }, (_, index) => -1 - index),
    1_000,
  );
  await lookedAround(gateway, clock);

  await passDays(gateway, clock, 3);

  // Weeks are counted from a Thursday, the first day of all; day 0 is a Sunday.
  assert.deepEqual(daysIn(folder), [3, 2, 1, -1, -2, -3, -4, -11, -18]);
});

test("the size limit removes the oldest, and the newest stays", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: JSON.stringify({ backup: { maxMegabytes: 1 } }) });
  const folder = `${gateway.stateDir}-backups`;
  putBackups(folder, [-3, -2, -1], 600_000);
  await lookedAround(gateway, clock);

  await passDays(gateway, clock, 1);

  assert.deepEqual(daysIn(folder), [1, -1]);
});

test("a journal that has begun has its backup within ten minutes, also when the gateway restarts before", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: "{}" });
  const before = await gateway.connect();
  await before.call("backup.now", {});
  clock.advance(1_000);
  await moved({ gateway, clock }, { stream: streamOf(gateway) });

  await moved({ gateway, clock }, { stream: streamOf(gateway) }, { controlUi: { enabled: false } });
  await lookedAround(gateway, clock);
  const { nextAt = 0 } = await (await gateway.connect()).call("backup.list", {});

  assert.ok(nextAt - clock.now() <= 600_000, `${nextAt - clock.now()} ms`);
});

test("a journal that no backup goes with is told where none is made by itself, until there is one", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: "{}" });
  await moved({ gateway, clock }, { stream: streamOf(gateway), schedule: "off" });
  const client = await gateway.connect();
  const problemIs = async (wanted: RegExp | undefined) => {
    const { problem } = await client.call("backup.list", {});
    return wanted === undefined ? problem === undefined : wanted.test(problem ?? "");
  };
  clock.advance(2_000);
  await eventually("the problem to be told", () => problemIs(/^The journal at backup\.stream only grows/));

  await client.call("backup.now", {});

  assert.equal(await problemIs(undefined), true);
});

/** A folder for a journal. */
function streamOf({ stateDir }: TestGateway): string {
  const folder = `${stateDir}-journal`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Restarts a gateway in place with other settings; its clock goes on a little meanwhile. */
async function moved(
  { gateway, clock }: { readonly gateway: TestGateway; readonly clock: FakeClock },
  backup: object,
  more: object = {},
): Promise<void> {
  const seen = gateway.log.length;
  gateway.writeConfig(JSON.stringify({ backup, gateway: more }));
  const slowly = setInterval(() => clock.advance(20), 10);
  await gateway.logged("gateway listens", seen).finally(() => clearInterval(slowly));
}
