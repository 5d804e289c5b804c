import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { backupsIn, birds, ringed, storePlaces } from "../../../../../test/support/store-places.ts";
import { StartError } from "../errors.ts";
import { openStore } from "./store.ts";
import { StoreBusyError } from "./store-held.ts";

const nextPlace = storePlaces();
let folder: string;
let path: string;
beforeEach(() => {
  ({ folder, path } = nextPlace());
});

const backups = () => backupsIn(folder);

describe("a store", () => {
  test("runs statements and reads rows", () => {
    using store = openStore(":memory:", [birds]);

    const written = store.run("insert into birds values (?), (?)", "wren", "owl");

    assert.deepEqual(written, { changes: 2, lastInsertRowid: 2 });
    assert.deepEqual({ ...store.get<object>("select name from birds where name = ?", "owl") }, { name: "owl" });
    assert.equal(store.get("select name from birds where name = ?", "emu"), undefined);
    assert.deepEqual(
      store.all<{ name: string }>("select name from birds order by name").map(({ name }) => name),
      ["owl", "wren"],
    );
  });

  test("counts every statement that writes, also one that gives rows", () => {
    using store = openStore(":memory:", [birds]);
    const before = store.writes;

    store.run("insert into birds values ('wren')");
    store.get("insert into birds values ('owl') returning name");
    store.all("select name from birds");

    assert.equal(store.writes - before, 2);
  });

  test("keeps what it was given when it is opened again, in a file that is its owner's", () => {
    {
      using store = openStore(path, [birds]);
      store.run("insert into birds values ('wren')");
    }
    using again = openStore(path, [birds]);

    assert.deepEqual({ ...again.get<object>("select count(*) as count from birds") }, { count: 1 });
    assert.equal((statSync(path).mode & 0o777).toString(8), "600");
  });

  test("waits for the disk in every transaction but those that say otherwise", () => {
    using store = openStore(path, [birds]);
    const level = () => store.get<{ synchronous: number }>("pragma synchronous")?.synchronous;
    const failing = () =>
      store.unsynced(() => {
        store.run("insert into birds values ('owl')");
        throw new Error("changed its mind");
      });

    const inside = store.unsynced(() => {
      store.run("insert into birds values ('wren')");
      return level();
    });
    assert.throws(failing, /changed its mind/);
    const joined = store.transaction(() => store.unsynced(level));

    assert.deepEqual([inside, joined, level()], [1, 2, 2]);
    assert.deepEqual(
      store.all("select name from birds").map((row) => ({ ...(row as object) })),
      [{ name: "wren" }],
    );
  });

  test("asks the disk within a moment for what waited for none, unless a later commit did", async () => {
    using store = openStore(path, [birds]);

    store.unsynced(() => store.run("insert into birds values ('wren')"));
    const after = store.isBehindDisk;
    store.run("insert into birds values ('owl')");
    const afterOther = store.isBehindDisk;
    store.unsynced(() => store.run("insert into birds values ('finch')"));

    assert.deepEqual([after, afterOther, store.isBehindDisk], [true, false, true]);
    while (store.isBehindDisk) await sleep(10);
  });

  test("keeps what waited for no disk when its process is killed", async () => {
    const program = `
      const { openStore } = await import(${JSON.stringify(new URL("./store.ts", import.meta.url).href)});
      const store = openStore(process.argv[1], [{ slice: "birds", steps: ["create table birds (name text primary key) strict"] }]);
      store.unsynced(() => store.run("insert into birds values ('wren')"));
      process.kill(process.pid, "SIGKILL");`;
    const args = ["--conditions=moltbot-source", "--input-type=module", "-e", program, path];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });

    const [, signal] = await once(child, "exit");
    using again = openStore(path, [birds]);

    assert.equal(signal, "SIGKILL");
    assert.deepEqual({ ...again.get<object>("select count(*) as count from birds") }, { count: 1 });
  });

  test("keeps all of a transaction or, when it throws, none", () => {
    using store = openStore(":memory:", [birds]);

    const result = store.transaction(() => {
      store.run("insert into birds values ('wren')");
      return "kept";
    });
    const failing = () =>
      store.transaction(() => {
        store.run("insert into birds values ('owl')");
        throw new Error("changed its mind");
      });

    assert.equal(result, "kept");
    assert.throws(failing, /changed its mind/);
    assert.deepEqual(
      store.all<{ name: string }>("select name from birds").map(({ name }) => name),
      ["wren"],
    );
  });

  test("takes a transaction in a transaction back with the outer one", () => {
    using store = openStore(":memory:", [birds]);

    const failing = () =>
      store.transaction(() => {
        store.transaction(() => store.run("insert into birds values ('wren')"));
        throw new Error("changed its mind");
      });

    assert.throws(failing, /changed its mind/);
    assert.deepEqual(store.all("select * from birds"), []);
  });
});

describe("the lock", () => {
  test("a second process that opens the file is told that it is busy, until the first one has ended", async () => {
    const module = JSON.stringify(new URL("./store.ts", import.meta.url).href);
    const script = `const { openStore } = await import(${module});
      openStore(${JSON.stringify(path)}, []);
      process.stdout.write("open");
      process.stdin.resume();`;
    const other = spawn(process.execPath, [...process.execArgv, "--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(other.stdout, "data");

    assert.throws(() => openStore(path, [birds]), StoreBusyError);
    other.kill("SIGKILL");
    await once(other, "exit");
    using store = openStore(path, [birds]);
    assert.deepEqual(store.all("select * from birds"), []);
  });

  test("holds within one process too", () => {
    using _first = openStore(path, [birds]);

    assert.throws(() => openStore(path, [birds]), StoreBusyError);
  });
});

/** The sentence with which the store refuses to open, and whether a supervisor may try again. */
function refusal(signsOfUse: readonly string[] = []): { says: string; exitCode: number } {
  try {
    openStore(path, [birds], { signsOfUse })[Symbol.dispose]();
  } catch (error) {
    if (error instanceof StartError) return { says: error.message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error("the store opened");
}

describe("a damaged file", () => {
  test("is refused for good, with what can be done", () => {
    writeFileSync(path, "this is no database, however long one looks at it".repeat(100));

    assert.deepEqual(refusal(), {
      exitCode: 78,
      says:
        `${path} is damaged. Stop any supervisor, then choose: \`moltbot doctor --salvage\` gets back what can still be ` +
        "read; `moltbot doctor --start-empty` begins with an empty one. There is no copy of it. Each keeps the old files.",
    });
  });

  test("names its newest copy", () => {
    openStore(path, [birds])[Symbol.dispose]();
    openStore(path, [ringed])[Symbol.dispose]();
    writeFileSync(path, "this is no database, however long one looks at it".repeat(100));

    assert.match(refusal().says, /`moltbot doctor --restore` goes back to the newest sound copy \(state\.db\.backup-/);
  });
});

describe("a file that was emptied", () => {
  const signs = ["state.db-wal", "state.db.daily", "state.db.backup-2026", "state.db.closed", "key"];
  for (const sign of signs) {
    test(`or is missing is refused beside ${sign}, which stays`, () => {
      const given = [join(folder, "key")];
      writeFileSync(join(folder, sign), "of before");
      const before = readdirSync(folder);

      const missing = refusal(given);
      const afterMissing = readdirSync(folder);
      writeFileSync(path, "");
      const empty = refusal(given);

      assert.match(missing.says, /state\.db is missing, but this folder was used\. Nothing was changed\. /);
      assert.match(empty.says, /state\.db is empty, but this folder was used\. Nothing was changed\. /);
      assert.deepEqual([missing.exitCode, empty.exitCode], [78, 78]);
      assert.deepEqual(afterMissing, before);
      assert.deepEqual(readdirSync(folder).sort(), [...before, "state.db"].sort());
    });
  }

  test("of its tables is refused in a used folder", () => {
    new DatabaseSync(path).exec("pragma journal_mode = wal");
    writeFileSync(join(folder, "key"), "k");

    assert.match(refusal([join(folder, "key")]).says, /is damaged/);
  });

  test("is a new one where nothing was used, and makes no backup", () => {
    writeFileSync(path, "");

    openStore(path, [birds], { signsOfUse: [join(folder, "key")] })[Symbol.dispose]();

    assert.deepEqual(backups(), []);
  });
});

describe("the mark of a clean end", () => {
  const isVerified = () => {
    using store = openStore(path, [birds]);
    return store.isVerified;
  };

  test("vouches for the file that it was made for", () => {
    openStore(path, [birds])[Symbol.dispose]();

    assert.deepEqual([isVerified(), isVerified()], [true, true]);
  });

  test("vouches for no file that was written to since", () => {
    openStore(path, [birds])[Symbol.dispose]();
    const file = openSync(path, "r+");
    writeSync(file, "x", statSync(path).size - 1);
    closeSync(file);

    assert.equal(isVerified(), false);
  });

  test("is not there after a kill, nor made by a gateway that has not checked", () => {
    openStore(path, [birds])[Symbol.dispose]();
    rmSync(`${path}.closed`);

    assert.deepEqual([isVerified(), isVerified()], [false, false]);
  });
});
