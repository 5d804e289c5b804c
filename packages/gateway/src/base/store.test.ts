import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { openStore, StoreBusyError, type Tables } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-store-"));
after(() => rmSync(root, { recursive: true }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "test-"));
  path = join(folder, "state.db");
});

const birds: Tables = { slice: "birds", steps: ["create table birds (name text primary key) strict"] };
const ringed: Tables = { ...birds, steps: [...birds.steps, "alter table birds add column ring integer"] };

const backups = () => readdirSync(folder).filter((name) => name.startsWith("state.db.backup-"));

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

  test("keeps what it was given when it is opened again, in a file that is its owner's", () => {
    {
      using store = openStore(path, [birds]);
      store.run("insert into birds values ('wren')");
    }
    using again = openStore(path, [birds]);

    assert.deepEqual({ ...again.get<object>("select count(*) as count from birds") }, { count: 1 });
    assert.equal((statSync(path).mode & 0o777).toString(8), "600");
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

describe("tables", () => {
  test("are brought up to date with their rows, after a backup of what was there", () => {
    {
      using before = openStore(path, [birds]);
      before.run("insert into birds values ('wren')");
    }

    using store = openStore(path, [ringed]);

    const [backup = ""] = backups();
    using old = openStore(join(folder, backup), [birds]);
    assert.deepEqual(
      store.all("select * from birds").map((row) => ({ ...row })),
      [{ name: "wren", ring: null }],
    );
    assert.deepEqual(
      old.all("select * from birds").map((row) => ({ ...row })),
      [{ name: "wren" }],
    );
    assert.equal((statSync(join(folder, backup)).mode & 0o777).toString(8), "600");
  });

  test("that are new or up to date make no backup", () => {
    openStore(path, [birds])[Symbol.dispose]();
    openStore(path, [birds])[Symbol.dispose]();

    assert.deepEqual(backups(), []);
  });

  test("keep the three newest backups", () => {
    openStore(path, [birds])[Symbol.dispose]();
    const old = ["2020", "2021", "2022"].map((year) => `state.db.backup-${year}-01-01T00-00-00-000Z`);
    for (const name of old) writeFileSync(join(folder, name), "");

    openStore(path, [ringed])[Symbol.dispose]();

    assert.deepEqual(backups().sort().slice(0, 2), old.slice(1));
    assert.equal(backups().length, 3);
  });

  test("stay as they were when a step fails", () => {
    openStore(path, [birds])[Symbol.dispose]();
    const broken = { ...birds, steps: [...ringed.steps, "create table nonsense ("] };

    assert.throws(() => openStore(path, [broken]), /incomplete input/);

    using store = openStore(path, [ringed]);
    assert.deepEqual(store.all("select * from birds"), []);
  });

  test("of a newer version are left alone", () => {
    openStore(path, [ringed])[Symbol.dispose]();

    assert.throws(() => openStore(path, [birds]), {
      name: "StartError",
      message: `${path} was written by a newer version (its birds tables); update moltbot, or restore a backup.`,
    });
  });
});

describe("a damaged file", () => {
  test("without a backup is to be moved away", () => {
    writeFileSync(path, "this is no database, however long one looks at it".repeat(100));

    assert.throws(() => openStore(path, [birds]), {
      name: "StartError",
      message: `${path} is damaged and cannot be read; keep a copy, then move it away to start with an empty one.`,
    });
  });

  test("with a backup names it", () => {
    openStore(path, [birds])[Symbol.dispose]();
    openStore(path, [ringed])[Symbol.dispose]();
    writeFileSync(path, "this is no database, however long one looks at it".repeat(100));

    assert.throws(() => openStore(path, [ringed]), {
      message:
        `${path} is damaged and cannot be read; keep a copy, then ` +
        `put the newest backup, ${join(folder, backups()[0] ?? "")}, in its place.`,
    });
  });
});
