import assert from "node:assert/strict";
import { statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { backupsIn, birds, ringed, storePlaces } from "../../../../../test/support/store-places.ts";
import type { Log } from "../log.ts";
import { openStore } from "./store.ts";
import { roomFor } from "./store-files.ts";

const nextPlace = storePlaces();
let folder: string;
let path: string;
beforeEach(() => {
  ({ folder, path } = nextPlace());
});

const backups = () => backupsIn(folder);

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
    for (const name of old) writeFileSync(join(folder, name), "of before");

    openStore(path, [ringed])[Symbol.dispose]();

    assert.deepEqual(backups().sort().slice(0, 2), old.slice(1));
    assert.equal(backups().length, 3);
  });

  test("take the copy of the last day for a backup, which costs no room", () => {
    openStore(path, [birds])[Symbol.dispose]();
    writeFileSync(`${path}.daily`, "the copy of today", { mode: 0o600 });

    openStore(path, [ringed])[Symbol.dispose]();

    const [backup = ""] = backups();
    assert.equal(statSync(join(folder, backup)).ino, statSync(`${path}.daily`).ino);
  });

  test("are brought up to date without a backup where there is no room for one, which the log says", () => {
    {
      using before = openStore(path, [birds]);
      before.run("insert into birds values ('wren')");
    }
    // A file that is as long as the disk has room, and takes none of it.
    truncateSync(path, roomFor(path).free);
    const sentences: string[] = [];
    const log = { warn: (sentence: string) => void sentences.push(sentence) } as unknown as Log;

    using store = openStore(path, [ringed], { log });

    assert.deepEqual(backups(), []);
    assert.deepEqual(sentences, ["an update changes the database without a backup: there is no room for one"]);
    assert.deepEqual({ ...store.get<object>("select * from birds") }, { name: "wren", ring: null });
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
