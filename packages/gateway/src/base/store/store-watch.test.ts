import assert from "node:assert/strict";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { beforeEach, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { storePlaces } from "../../../../../test/support/store-places.ts";
import { within } from "../../../../../test/support/time-limit.ts";
import type { Log } from "../log.ts";
import { openStore, type Store, type Tables } from "./store.ts";
import { roomFor } from "./store-files.ts";
import { StoreWatch } from "./store-watch.ts";

const nextPlace = storePlaces();
let folder: string;
let path: string;
beforeEach(() => {
  ({ folder, path } = nextPlace());
});

const birds: Tables = { slice: "birds", steps: ["create table birds (name text primary key, song blob) strict"] };
/** A day, and the time until the next look. */
const DAY_MS = 24 * 3_600_000 + 15 * 60_000;

/** A store under watch on a fake clock; `news` resolves at the next news, and what was logged is kept. */
function watched() {
  const stack = new DisposableStack();
  const clock = new FakeClock();
  const store = stack.use(openStore(path, [birds]));
  const sentences: string[] = [];
  const note = (sentence: string) => void sentences.push(sentence);
  const log = { debug: note, info: note, warn: note, error: note } as unknown as Log;
  const watch = stack.use(new StoreWatch({ store, path, clock, log }));
  let told = Promise.withResolvers<void>();
  watch.start(() => {
    told.resolve();
    told = Promise.withResolvers();
  });
  /** Lets time pass and waits until the watch satisfies `isSo`. */
  const until = async (ms: number, isSo: () => boolean, what: string) => {
    clock.advance(ms);
    while (!isSo()) await within(told.promise, what);
    await nextTurn();
  };
  return { clock, store, watch, sentences, until, [Symbol.dispose]: () => stack.dispose() };
}

function sing(store: Store, from: number, count = 200): void {
  store.transaction(() => {
    for (let n = from; n < from + count; n++)
      store.run("insert into birds values (?, ?)", `bird ${n}`, new Uint8Array(2_000).fill(n % 250));
  });
}

function namesIn(file: string): number {
  using copy = openStore(file, [birds]);
  return copy.get<{ n: number }>("select count(*) as n from birds")!.n;
}

describe("a daily copy", () => {
  test("is made of what there is to lose, for its owner only, and the one before is kept", async () => {
    {
      using here = watched();
      sing(here.store, 0);
      await here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the first copy");
      sing(here.store, 200);
      const first = here.watch.state.copiedAt!;
      await here.until(DAY_MS, () => here.watch.state.copiedAt! > first, "the second copy");
    }

    const mode = statSync(`${path}.daily`).mode & 0o777;
    assert.equal(mode.toString(8), "600");
    assert.deepEqual([namesIn(`${path}.daily`), namesIn(`${path}.daily.1`)], [400, 200]);
  });

  test("is known after a restart by its file, in whole milliseconds", async () => {
    {
      using here = watched();
      sing(here.store, 0);
      await here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the copy");
    }
    utimesSync(`${path}.daily`, 1_796_000_000.0005, 1_796_000_000.0005);

    using again = watched();

    assert.equal(again.watch.state.copiedAt, 1_796_000_000_000);
  });

  test("holds what is committed while it is made, or not, and the database holds it in any case", async () => {
    {
      using here = watched();
      sing(here.store, 0);
      const copied = here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the copy");
      for (let n = 0; n < 20; n++) {
        sing(here.store, 1_000 + n, 1);
        await nextTurn();
      }
      await copied;
    }

    assert.equal(namesIn(path), 220);
    assert.ok(namesIn(`${path}.daily`) >= 200);
  });

  test("is made while the database goes on; the file is held still only to match the two", async () => {
    using here = watched();
    sing(here.store, 0);
    const holdStill = here.store.holdStill.bind(here.store);
    let copiedBefore = 0;
    here.store.holdStill = async (work) => {
      copiedBefore = statSync(`${path}.daily.new`).size;
      sing(here.store, 200);
      return await holdStill(work);
    };

    await here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the copy");

    assert.ok(copiedBefore > 0);
    assert.equal(namesIn(`${path}.daily`), 400);
  });

  test("is not made of an empty database", async () => {
    using here = watched();
    here.clock.advance(60_000);
    sing(here.store, 0);
    await here.until(15 * 60_000, () => here.watch.state.copiedAt !== undefined, "the first copy");

    assert.equal(here.sentences.filter((each) => each === "a copy of the database was made").length, 1);
  });

  test("replaces no copy when the database is damaged, which is said once", async () => {
    using here = watched();
    sing(here.store, 0);
    await here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the first copy");
    const good = readFileSync(`${path}.daily`);
    damage();
    await here.until(DAY_MS, () => !here.watch.state.ok, "the damage to be found");
    here.clock.advance(DAY_MS);

    assert.ok(readFileSync(`${path}.daily`).equals(good));
    assert.match(
      here.watch.state.problem!,
      /^The database is damaged: stop the gateway, then `moltbot doctor --salvage`/,
    );
    assert.equal(here.sentences.filter((each) => each.startsWith("the database is damaged")).length, 1);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("new") || name.endsWith(".daily.1")),
      [],
    );
  });

  test("is left out with a sentence where there is no room for it, and made when there is again", async () => {
    using here = watched();
    sing(here.store, 0);
    here.store.get("pragma wal_checkpoint(truncate)");
    const bytes = statSync(path).size;
    truncateSync(path, roomFor(path).free);
    await here.until(60_000, () => here.watch.state.problem !== undefined, "the sentence");
    const { problem } = here.watch.state;
    truncateSync(path, bytes);

    await here.until(15 * 60_000, () => here.watch.state.copiedAt !== undefined, "the copy");

    assert.match(
      problem!,
      /^There is no room for the daily copy of the database: \d+ MB are free, \d+ MB are needed\./,
    );
    assert.equal(here.watch.state.problem, undefined);
  });

  test("that was cut off is removed by the next one", async () => {
    writeFileSync(`${path}.daily.new`, "a part");
    using here = watched();
    sing(here.store, 0);

    await here.until(60_000, () => here.watch.state.copiedAt !== undefined, "the copy");

    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("daily")),
      ["state.db.daily"],
    );
  });
});

describe("a check", () => {
  test("follows an end that was not clean, and vouches for the file", async () => {
    {
      using before = openStore(path, [birds]);
      sing(before, 0);
    }
    rmSync(`${path}.closed`);
    using here = watched();
    const before = here.store.isVerified;

    await here.until(2_000, () => here.watch.state.checkedAt !== undefined, "the check");

    assert.deepEqual([before, here.store.isVerified], [false, true]);
  });

  test("does not follow a clean end", () => {
    openStore(path, [birds])[Symbol.dispose]();
    using here = watched();

    here.clock.advance(2_000);

    assert.deepEqual([here.store.isVerified, here.watch.state], [true, { ok: true }]);
    assert.deepEqual(here.sentences, []);
  });

  test("finds damage that no call has met", async () => {
    {
      using before = openStore(path, [birds]);
      sing(before, 0);
    }
    damage();
    using here = watched();

    await here.until(2_000, () => !here.watch.state.ok, "the damage to be found");

    assert.equal(here.store.isVerified, false);
  });

  test("follows an error that nobody expected, once for many", async () => {
    using here = watched();
    sing(here.store, 0);
    const told = [1, 2, 3].map(() => here.watch.explain(new TypeError("odd"), "something odd happened"));

    await here.until(0, () => here.watch.state.checkedAt !== undefined, "the check");

    assert.equal(told[0], undefined);
    assert.equal(here.sentences.filter((each) => each === "the database was checked and is whole").length, 1);
  });
});

/** Writes over pages behind the store's back. */
function damage(): void {
  const file = openSync(path, "r+");
  for (let page = 20; page < 60; page += 4) writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096);
  closeSync(file);
}
