import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { createLog } from "../log.ts";
import { Secrets } from "../privacy/secrets.ts";
import { openStore } from "../store/store.ts";
import { isTransient, Machine, machineTrouble, storageProblem } from "./machine.ts";

const FULL = "the disk is full; free some space and try again";

describe("trouble of the machine", () => {
  const cases: readonly [what: string, error: unknown, says: string | undefined, passes: boolean][] = [
    ["SQLite's full disk", { errcode: 13 }, FULL, true],
    [
      "SQLite's error of the disk, told in detail",
      { errcode: 10 | (3 << 8) },
      "the disk reports an error; check it, then try again",
      true,
    ],
    ["a full disk", { code: "ENOSPC" }, FULL, true],
    ["a full disk behind two other errors", { cause: { cause: { code: "ENOSPC" } } }, FULL, true],
    [
      "no descriptors",
      { code: "EMFILE" },
      "too many files are open; close some connections, or raise the limit (ulimit -n)",
      true,
    ],
    [
      "no descriptors on the machine",
      { code: "ENFILE" },
      "too many files are open; close some connections, or raise the limit (ulimit -n)",
      true,
    ],
    [
      "no descriptors for the package.json of an import",
      {
        code: "ERR_INVALID_PACKAGE_CONFIG",
        message: "Cannot read package config /a/package.json: too many open files.",
      },
      "too many files are open; close some connections, or raise the limit (ulimit -n)",
      true,
    ],
    [
      "a package.json with a mistake",
      { code: "ERR_INVALID_PACKAGE_CONFIG", message: "Invalid package config /a/package.json." },
      undefined,
      false,
    ],
    ["no memory", { code: "ENOMEM" }, "the memory is full; end other programs and try again", true],
    [
      "a damaged database",
      { errcode: 11 },
      "the database is damaged; stop the gateway and run `moltbot doctor --salvage`",
      false,
    ],
    [
      "a file that is no database",
      { errcode: 26 },
      "the database is damaged; stop the gateway and run `moltbot doctor --salvage`",
      false,
    ],
    ["a mistake in a statement", { errcode: 1 }, undefined, false],
    ["a file that is missing", { code: "ENOENT" }, undefined, false],
    ["nothing", undefined, undefined, false],
  ];

  for (const [what, error, says, passes] of cases)
    test(`${what}: ${says ?? "none"}`, () => {
      assert.deepEqual([machineTrouble(error)?.says, isTransient(error)], [says, passes]);
    });

  test("is seen when the database may not grow", () => {
    using folder = privateFolder();
    using store = openStore(join(folder.path, "state.db"), [
      { slice: "birds", steps: ["create table birds (name text) strict"] },
    ]);
    store.run("pragma max_page_count = 1");

    const fill = () =>
      store.transaction(() => {
        for (let i = 0; i < 5_000; i++) store.run("insert into birds values (?)", `bird ${i}`);
      });

    assert.throws(fill, (error) => storageProblem(error) === FULL);
    assert.deepEqual(store.all("select * from birds"), []);
  });
});

function privateFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "moltbot-machine-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function machineOn(folder: string) {
  const clock = new FakeClock();
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  return { clock, machine: new Machine({ clock, log, folder }) };
}

/** Moves time on second by second. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await nextTurn();
    clock.advance(1_000);
  }
  await nextTurn();
}

describe("a machine in trouble", () => {
  test("all who wait go on together, as soon as a file can be written", async () => {
    using folder = privateFolder();
    const state = join(folder.path, "state");
    const { clock, machine } = machineOn(state);
    let recovered = 0;
    const waiting = [1, 2, 3].map(() => machine.recovered({ code: "ENOSPC" }).then(() => recovered++));

    await pass(clock, 30);
    const before = [recovered, machine.trouble];
    mkdirSync(state);
    await pass(clock, 1);
    await Promise.all(waiting);

    assert.deepEqual(before, [0, FULL]);
    assert.deepEqual([recovered, machine.trouble, readdirSync(state)], [3, undefined, []]);
  });

  test("work is done again until the machine takes it, and once", async () => {
    using folder = privateFolder();
    const { clock, machine } = machineOn(folder.path);
    let tries = 0;
    const work = machine.persist(() => {
      tries++;
      if (tries < 4) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      return "done";
    }, new AbortController().signal);

    await pass(clock, 10);

    assert.deepEqual([await work, tries], ["done", 4]);
  });

  test("what is no trouble of the machine is thrown at once", async () => {
    using folder = privateFolder();
    const { machine } = machineOn(folder.path);
    const mistake = new TypeError("a mistake");

    const work = machine.persist(() => {
      throw mistake;
    }, new AbortController().signal);

    await assert.rejects(work, mistake);
  });

  test("whoever waits is let go by their own signal, and by the end of the gateway", async () => {
    using folder = privateFolder();
    const { machine } = machineOn(join(folder.path, "none"));
    const own = new AbortController();
    const [first, second] = [machine.recovered({ code: "EMFILE" }, own.signal), machine.recovered({ code: "EMFILE" })];

    own.abort(new Error("not needed any more"));
    await assert.rejects(first, /not needed any more/);
    machine[Symbol.dispose]();

    await assert.rejects(second, /the gateway stops/);
  });

  test("passing trouble is waited out as often as it comes, and the work is done", async () => {
    using folder = privateFolder();
    const { clock, machine } = machineOn(folder.path);
    let done = 0;
    const work = () => {
      if (done++ < 5) throw Object.assign(new Error(), { code: "EMFILE" });
      return "done";
    };

    const result = machine.surely(work, { signal: new AbortController().signal, isKnown: () => false });
    await pass(clock, 8);

    assert.deepEqual([await result, done], ["done", 6]);
  });

  for (const [what, options, tries] of [
    ["an error that nobody knows is final when it has come three times", { isKnown: () => false }, 3],
    ["a known error is final at once", { isKnown: () => true }, 1],
    ["what must not be repeated is not", { isKnown: () => false, isOnce: () => true }, 1],
  ] as const)
    test(what, async () => {
      using folder = privateFolder();
      const { clock, machine } = machineOn(folder.path);
      const failures: unknown[] = [];
      let count = 0;
      const work = () => {
        count++;
        throw new Error("no idea");
      };

      const result = machine.surely(work, {
        ...{ signal: new AbortController().signal, failed: (error: unknown) => failures.push(error) },
        ...options,
      });
      const rejected = assert.rejects(result, /no idea/);
      await pass(clock, 8);
      await rejected;

      assert.deepEqual([count, failures.length], [tries, tries - 1]);
    });

  test("trouble that somebody has met is told when it begins and when it ends", async () => {
    using folder = privateFolder();
    const { clock, machine } = machineOn(folder.path);
    const told: (string | undefined)[] = [];
    using _listening = machine.onChange(() => told.push(machine.trouble));

    machine.met(Object.assign(new Error(), { code: "ENOSPC" }));
    machine.met(new Error("nothing of the machine"));
    await pass(clock, 2);

    assert.deepEqual(told, [FULL, undefined]);
  });
});
