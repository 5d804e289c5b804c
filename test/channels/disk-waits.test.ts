// How often a message and its reply wait for the disk: each wait holds the event loop and delays the reply.
import assert from "node:assert/strict";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fakeDiscord, fakeSlack, fakeTelegram } from "@moltbot/fakes";
import { ChannelBench, type StartFake } from "./bench.ts";

/** Counts the commits of this process that wait for the disk. */
class Waits {
  count = 0;
  readonly #hurried = new WeakSet<DatabaseSync>();
  #isInTransaction = false;

  constructor() {
    const waits = this;
    const { exec } = DatabaseSync.prototype;
    DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
      if (sql === "pragma synchronous = normal") waits.#hurried.add(this);
      if (sql === "pragma synchronous = full") waits.#hurried.delete(this);
      if (sql === "commit" && !waits.#hurried.has(this)) waits.count++;
      exec.call(this, sql);
      waits.#isInTransaction = this.isTransaction;
    };
    // A statement on its own is a transaction of its own.
    const { run } = StatementSync.prototype;
    StatementSync.prototype.run = function (this: StatementSync, ...values: unknown[]) {
      if (!waits.#isInTransaction) waits.count++;
      return Reflect.apply(run, this, values);
    };
  }
}

const waits = new Waits();

/** Each platform, and what it delivers to its bot for a message and its reply. */
const CASES: readonly [string, StartFake, number][] = [
  ["Telegram", fakeTelegram, 1],
  ["Discord, which sends the reply back to its author", fakeDiscord, 2],
  ["Slack, too, and it is left out", fakeSlack, 1],
];
for (const [name, start, entries] of CASES)
  test(`${name}: a message waits for the disk when it has come, and before its reply is sent`, async () => {
    await using bench = await ChannelBench.start(start);
    const taken = async (count: number) => {
      while ((await bench.settled()).length < count) await sleep(20);
    };
    await bench.asks("first");
    await taken(entries);
    waits.count = 0;

    await bench.asks("second");
    await taken(2 * entries);

    assert.equal(waits.count, 2);
  });
