import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { addBird, BIRDS, JournalStage, type ReplayedOptions } from "../../../../../../test/support/journal-stage.ts";
import { ignore } from "../../errors.ts";
import { openStore } from "../store.ts";
import type { JournalEntry } from "./line.ts";
import { readJournal } from "./reading.ts";

let stage: JournalStage;
let path: string;
let journal: string;
beforeEach(() => {
  stage = new JournalStage();
  ({ path, journal } = stage);
});
afterEach(() => stage[Symbol.dispose]());

const recorded = (passphrase?: string) => stage.recorded({ passphrase });
const dumpOf = (file: string) => stage.dump(file);
const replayed = (options?: ReplayedOptions) => stage.replayed(options);
const add = addBird;

test("a replay on an empty file gives the same rows", async () => {
  const store = recorded();
  add(store, "wren");
  store.get(
    "insert into birds (name, song, weight) values (?, ?, ?) returning id",
    "robin",
    Buffer.from([0, 255]),
    0.1,
  );
  store.all("update birds set name = upper(name) returning id");
  store.transaction(() => {
    store.run("insert into nests values (?, ?)", 1, 9_007_199_254_740_993n);
    store.run("insert into nests values (?, ?)", 2, null);
  });
  store.run("delete from birds where id = 2");
  store[Symbol.dispose]();

  assert.equal(await replayed(), await dumpOf(path));
  const entries = [...readJournal(journal)].filter((line): line is JournalEntry => line.kind === "entry");
  assert.deepEqual(
    entries.map(({ seq, statements }) => [seq, statements.length]),
    [
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 2],
      [6, 1],
    ],
  );
});

test("any transactions, some taken back, replay to the same rows", async () => {
  const value = fc.oneof(fc.string(), fc.constant(null));
  const step = fc.record({
    name: value,
    song: fc.option(fc.uint8Array()),
    weight: fc.option(fc.double({ noNaN: true })),
  });
  const transaction = fc.record({ steps: fc.array(step, { maxLength: 4 }), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { maxLength: 12 }), async (transactions) => {
      for (const file of [path, `${path}.closed`, journal]) rmSync(file, { force: true });
      const store = recorded();
      for (const { steps, fails } of transactions)
        try {
          store.transaction(() => {
            for (const { name, song, weight } of steps)
              store.run("insert or ignore into birds (name, song, weight) values (?, ?, ?)", name, song, weight);
            if (fails) throw new Error("taken back");
          });
        } catch (error) {
          ignore(error, "it was taken back on purpose");
        }
      store[Symbol.dispose]();
      assert.equal(await replayed(), await dumpOf(path));
    }),
    { numRuns: 8 },
  );
});

test("what was taken back, and what failed, is not in the journal", async () => {
  const store = recorded();
  add(store, "wren");
  assert.throws(() => add(store, "wren"), /UNIQUE/);
  assert.throws(() =>
    store.transaction(() => {
      add(store, "robin");
      throw new Error("no");
    }),
  );
  store[Symbol.dispose]();

  assert.equal([...readJournal(journal)].filter(({ kind }) => kind === "entry").length, 1);
});

test("a journal goes on after a restart, and begins anew after writes that it does not know", async () => {
  let store = recorded();
  add(store, "wren");
  store[Symbol.dispose]();
  store = recorded();
  add(store, "robin");
  const { position } = store;
  store[Symbol.dispose]();
  assert.equal(await replayed(), await dumpOf(path));

  store = openStore(path, [BIRDS]);
  store.unrecorded();
  add(store, "owl");
  store[Symbol.dispose]();
  store = recorded();

  assert.notEqual(store.position?.chain, position?.chain);
  store[Symbol.dispose]();
});

test("a line that was cut off is removed, and the journal goes on", async () => {
  let store = recorded();
  add(store, "wren");
  store[Symbol.dispose]();
  appendFileSync(journal, '12345678 {"kind":"entry"');
  store = recorded();
  add(store, "robin");
  store[Symbol.dispose]();

  assert.equal(await replayed(), await dumpOf(path));
});

test("a transaction that is in the journal only was not committed, and is void", async () => {
  const store = recorded();
  add(store, "wren");
  store[Symbol.dispose]();
  copyFileSync(path, `${path}.kept`);
  const again = recorded();
  add(again, "robin");
  again[Symbol.dispose]();
  copyFileSync(`${path}.kept`, path);
  rmSync(`${path}.closed`);

  const third = recorded();
  add(third, "owl");
  third[Symbol.dispose]();

  assert.equal(await replayed(), await dumpOf(path));
});

test("a replay stops at a time", async () => {
  const store = recorded();
  add(store, "wren");
  const until = stage.now - 1;
  copyFileSync(path, `${path}.kept`);
  copyFileSync(`${path}-wal`, `${path}.kept-wal`);
  add(store, "robin");
  store[Symbol.dispose]();
  openStore(`${path}.kept`, [BIRDS])[Symbol.dispose]();

  assert.equal(await replayed({ until }), await dumpOf(`${path}.kept`));
});

test("with a passphrase nothing can be read, and a wrong one says so", async () => {
  const store = recorded("correct horse");
  add(store, "a secret bird");
  store[Symbol.dispose]();

  assert.equal(readFileSync(journal, "utf8").includes("secret bird"), false);
  assert.equal(await replayed({ passphrase: "correct horse" }), await dumpOf(path));
  assert.throws(() => [...readJournal(journal, { passphrase: "wrong" })], /its passphrase is another one/);
  assert.throws(() => [...readJournal(journal)], /is encrypted; give its passphrase/);
});

test("a damaged line, and a missing one, end a replay with a sentence", async () => {
  const store = recorded();
  for (const name of ["wren", "robin", "owl"]) add(store, name);
  store[Symbol.dispose]();
  const lines = readFileSync(journal, "utf8").split("\n");

  writeFileSync(journal, lines.with(1, lines[1]!.replace("wren", "hawk")).join("\n"));
  await assert.rejects(replayed(), /is damaged/);
  writeFileSync(journal, lines.toSpliced(1, 1).join("\n"));
  await assert.rejects(replayed(), /transactions are missing/);
});

test("a disk that takes no more of the journal does not hold up the gateway, and is told", async () => {
  const program = `
    import { openStore } from ${JSON.stringify(new URL("../store.ts", import.meta.url).href)};
    const store = openStore(${JSON.stringify(path)}, [${JSON.stringify(BIRDS)}]);
    const failures = [];
    store.record({ path: ${JSON.stringify(journal)}, now: () => 1, failed: (error) => failures.push(error.code) });
    for (const size of [6e6, 3e6]) store.run("insert into birds (song) values (?)", Buffer.alloc(size, "song"));
    console.log(JSON.stringify({ failures, position: store.position ?? null, rows: store.get("select count(*) as n from birds").n }));
    store[Symbol.dispose]();`;
  const node = [process.execPath, "--conditions=moltbot-source", "--input-type=module", "-e", program];
  // The journal needs a third more than the database: it alone meets the limit.
  const { stdout, stderr } = spawnSync("bash", ["-c", 'ulimit -f 11500; exec "$@"', "bash", ...node], {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("../../../../../..", import.meta.url)),
  });

  assert.deepEqual(JSON.parse(stdout || stderr), { failures: ["EFBIG"], position: null, rows: 2 });
  const again = recorded();
  add(again, "wren");
  assert.equal(again.position?.seq, 2, "a new chain begins");
  again[Symbol.dispose]();
});

test("a journal that fails in a transaction that is taken back is not gone on with", () => {
  const failures: unknown[] = [];
  let isFull = false;
  const store = openStore(path, [BIRDS]);
  const now = () => {
    if (isFull) throw new Error("the disk is full");
    return 1;
  };
  store.record({ path: journal, now, failed: (error) => failures.push(error) });
  add(store, "wren");
  store.run("create table eggs (bird integer references birds(id) deferrable initially deferred)");
  isFull = true;

  assert.throws(() => store.run("insert into eggs values (99)"), /FOREIGN KEY/);
  add(store, "robin");
  store[Symbol.dispose]();

  const again = recorded();
  assert.equal(failures.length, 1);
  assert.equal(again.position?.seq, 1, "a new chain begins");
  again[Symbol.dispose]();
});

test("an encrypted line without its head is damage, said in a sentence", () => {
  const json = JSON.stringify({ kind: "entry", chain: "c", seq: 1, sealed: "AAAA" });
  writeFileSync(journal, `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`);

  assert.throws(() => [...readJournal(journal, { passphrase: "a passphrase" })], {
    message: /is damaged: an encrypted line has no head$/,
  });
});

const VIEW = "create virtual table if not exists temp.messages_terms using fts5vocab(main, terms, instance)";

test("a view of one connection is in no journal", async () => {
  const store = recorded();
  store.run("create temp view names as select name from birds");
  store.transaction(() => {
    add(store, "wren");
    store.run("create temp view songs as select song from birds");
  });
  store[Symbol.dispose]();

  const entries = [...readJournal(journal)].filter((line): line is JournalEntry => line.kind === "entry");
  assert.deepEqual(
    entries.map(({ statements }) => statements.length),
    [1],
  );
  assert.equal(await replayed(), await dumpOf(path));
});

test("a journal of an earlier build, which holds the view of a search, is replayed", async () => {
  const store = recorded();
  for (const name of ["wren", "robin"]) add(store, name);
  store[Symbol.dispose]();
  const lines = readFileSync(journal, "utf8").split("\n");
  const entry = JSON.parse(lines[2]!.slice(9));
  const json = JSON.stringify({ ...entry, statements: [[VIEW], ...entry.statements] });
  writeFileSync(journal, lines.with(2, `${crc32(json).toString(16).padStart(8, "0")} ${json}`).join("\n"));

  assert.equal(await replayed(), await dumpOf(path));
});

for (const sql of ["attach 'OTHER' as other", "/**/ vacuum into 'OTHER'", "insert into eagles values (1)"])
  test(`a journal with "${sql}" reaches no other file, and is told in a sentence`, async () => {
    const other = `${path}.other`;
    const store = recorded();
    for (const name of ["wren", "robin"]) add(store, name);
    store[Symbol.dispose]();
    const lines = readFileSync(journal, "utf8").split("\n");
    const entry = JSON.parse(lines[2]!.slice(9));
    const json = JSON.stringify({ ...entry, statements: [[sql.replace("OTHER", other)]] });
    writeFileSync(journal, lines.with(2, `${crc32(json).toString(16).padStart(8, "0")} ${json}`).join("\n"));

    await assert.rejects(replayed(), /holds what does not belong to this database/);
    assert.ok(!existsSync(other));
  });
