import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { addBird, BIRDS, JournalStage } from "../../../../../../test/support/journal-stage.ts";
import { tightDisk } from "../../../cli/drill/tight-disk.ts";
import { openStore, type Store } from "../store.ts";
import { fullFiles, pruneJournal } from "./files.ts";
import { readJournal } from "./reading.ts";

const NAMES = ["wren", "robin", "owl", "crane", "finch", "heron", "stork", "swift"];
/** A file is full after a transaction or two. */
const SMALL = { fileBytes: 300 };

let stage: JournalStage;
beforeEach(() => {
  stage = new JournalStage();
});
afterEach(() => stage[Symbol.dispose]());

function addAll(store: Store, names = NAMES): void {
  for (const name of names) addBird(store, name);
}

/** A bird with a long song. */
function sing(store: Store, name: string, bytes: number): void {
  store.run("insert into birds (name, song) values (?, ?)", name, Buffer.alloc(bytes, name));
}

const sizes = () => fullFiles(stage.journal).map(({ path }) => statSync(path).size);

test("a file that is full is put aside, and a replay goes over all files", async () => {
  const store = stage.recorded(SMALL);
  addAll(store);
  store[Symbol.dispose]();

  const files = fullFiles(stage.journal);

  assert.ok(files.length >= 3);
  assert.deepEqual(
    files.map(({ number }) => number),
    files.map((_, index) => index + 1),
  );
  assert.equal(statSync(files[0]!.path).mode & 0o777, 0o600);
  assert.equal(await stage.replayed(), await stage.dump());
});

test("a moment before a file was full is gone back to, and one behind it", async () => {
  const store = stage.recorded(SMALL);
  addAll(store, NAMES.slice(0, 3));
  const until = stage.now - 1;
  copyFileSync(stage.path, `${stage.path}.kept`);
  copyFileSync(`${stage.path}-wal`, `${stage.path}.kept-wal`);
  addAll(store, NAMES.slice(3));
  store[Symbol.dispose]();
  openStore(`${stage.path}.kept`, [BIRDS])[Symbol.dispose]();

  assert.equal(await stage.replayed({ until }), await stage.dump(`${stage.path}.kept`));
});

test("encrypted files are each read with the passphrase", async () => {
  const options = { ...SMALL, passphrase: "Fünf Zäune 鶴" };
  for (const names of [NAMES.slice(0, 4), NAMES.slice(4)]) {
    using store = stage.recorded(options);
    addAll(store, names);
  }

  assert.ok(fullFiles(stage.journal).length >= 3);
  assert.equal(await stage.replayed(options), await stage.dump());
});

test("a kill before the next file is begun leaves a journal that goes on", async () => {
  const { chain } = recordedOnce(NAMES.slice(0, 2));
  renameSync(stage.journal, `${stage.journal}.1`);

  const again = recordedOnce(NAMES.slice(2));

  assert.equal(again.chain, chain);
  assert.equal(await stage.replayed(), await stage.dump());
});

test("a kill while the next file is begun leaves a journal that goes on", async () => {
  const { chain } = recordedOnce(NAMES.slice(0, 2));
  const head = readFileSync(stage.journal, "utf8").split("\n")[0]!;
  renameSync(stage.journal, `${stage.journal}.1`);
  writeFileSync(stage.journal, head.slice(0, head.length / 2));

  const again = recordedOnce(NAMES.slice(2));

  assert.equal(again.chain, chain);
  assert.equal(await stage.replayed(), await stage.dump());
});

function recordedOnce(names: string[]): { chain: string } {
  using store = stage.recorded();
  addAll(store, names);
  return store.position!;
}

test("damage in the middle is told with the moment up to which all is well, and that moment works", async () => {
  const store = stage.recorded(SMALL);
  addAll(store, NAMES.slice(0, 3));
  const until = stage.now - 1;
  const before = await replayedTo(until);
  addAll(store, NAMES.slice(3));
  store[Symbol.dispose]();
  const damaged = fullFiles(stage.journal).find(({ path }) => readFileSync(path, "utf8").includes("finch"))!.path;
  writeFileSync(damaged, readFileSync(damaged, "utf8").replace("finch", "goose"));

  await assert.rejects(stage.replayed(), /is damaged behind 1970-01-01T.*choose a moment before that with --at/);
  assert.equal(await replayedTo(until), before);
});

function replayedTo(until: number): Promise<string> {
  return stage.replayed({ until });
}

test("lines that nobody can read stay in a file of their own, and a new chain begins", async () => {
  recordedOnce(NAMES.slice(0, 2));
  const lines = readFileSync(stage.journal, "utf8").trimEnd().split("\n");
  writeFileSync(stage.journal, `${lines.with(-1, lines.at(-1)!.replace("robin", "raven")).join("\n")}\n`);
  const damaged = readFileSync(stage.journal, "utf8");

  const { chain } = recordedOnce(NAMES.slice(2));

  assert.equal(readFileSync(`${stage.journal}.1`, "utf8"), damaged);
  assert.deepEqual(
    [...new Set([...readJournal(stage.journal, { from: { chain, seq: 1 } })].map((line) => line.chain))],
    [chain],
  );
});

test("a database of another chain that has come as far does not go on with this one", async () => {
  const first = recordedOnce(NAMES.slice(0, 2));
  copyFileSync(stage.path, `${stage.path}.kept`);
  unrecorded();
  const second = recordedOnce(NAMES.slice(3, 5));
  copyFileSync(`${stage.path}.kept`, stage.path);

  const third = recordedOnce(NAMES.slice(5));

  assert.equal(new Set([first.chain, second.chain, third.chain]).size, 3);
});

function unrecorded(): void {
  using store = openStore(stage.path, [BIRDS]);
  store.unrecorded();
  addBird(store, "owl");
}

test("another file is refused in a sentence, and nothing of it is changed", () => {
  writeFileSync(stage.journal, "my notes\nof years\n");

  using store = openStore(stage.path, [BIRDS]);
  const record = () => store.record({ path: stage.journal, now: Date.now, failed: () => {} });

  assert.throws(
    record,
    /birds\.journal is another file and no journal; set backup\.stream to a folder or to a new file/,
  );
  assert.equal(readFileSync(stage.journal, "utf8"), "my notes\nof years\n");
});

test("files that no backup needs are removed, and a backup is still brought forward", async () => {
  const store = stage.recorded(SMALL);
  addAll(store, NAMES.slice(0, 4));
  const place = store.position!;
  addAll(store, NAMES.slice(4));
  store[Symbol.dispose]();
  const before = sizes();

  const wouldFree = pruneJournal(stage.journal, [place], true);
  const freed = pruneJournal(stage.journal, [place], false);

  const left = fullFiles(stage.journal);
  assert.ok(freed > 0);
  assert.equal(freed, wouldFree);
  assert.equal(freed, before.reduce((sum, size) => sum + size, 0) - sizes().reduce((sum, size) => sum + size, 0));
  assert.deepEqual(
    [...readJournal(stage.journal, { from: place })]
      .flatMap((line) => (line.kind === "entry" ? [line.seq] : []))
      .at(-1),
    NAMES.length + 1,
  );
  assert.ok(left.length > 0);
  assert.equal(pruneJournal(stage.journal, [place], false), 0);
});

test("no file is removed while one backup rests on a chain that is not found", () => {
  const store = stage.recorded(SMALL);
  addAll(store);
  const place = store.position!;
  store[Symbol.dispose]();

  assert.equal(pruneJournal(stage.journal, [place, { chain: "another", seq: 1 }], false), 0);
  assert.ok(pruneJournal(stage.journal, [], false) > 0);
});

test("a journal that becomes full while it is read is read to its end", () => {
  const store = stage.recorded(SMALL);
  addAll(store, NAMES.slice(0, 3));
  const reading = readJournal(stage.journal);
  const seen: number[] = [];
  for (const name of NAMES.slice(3)) {
    const { value } = reading.next();
    if (value?.kind === "entry") seen.push(value.seq);
    addBird(store, name);
  }
  for (const line of reading) if (line.kind === "entry") seen.push(line.seq);
  store[Symbol.dispose]();

  assert.deepEqual(
    seen,
    NAMES.map((_, index) => index + 2),
  );
});

test("a disk that becomes full while files follow each other ends the journal, and what it has is kept", async (t) => {
  using disk = tightDisk(join(stage.folder, "disk"), { bytes: 64 * 1024 });
  if (!disk?.isMounted) return t.skip("needs root, to mount a small file system");
  using full = new JournalStage(disk.folder);
  const store = full.recorded({ fileBytes: 8_000 });
  for (let n = 0; full.failures.length === 0; n++) sing(store, `bird ${n}`, 1_000);
  const rows = store.get<{ n: number }>("select count(*) as n from birds")!.n;
  store[Symbol.dispose]();

  const entries = [...readJournal(full.journal)].filter(({ kind }) => kind === "entry");

  assert.deepEqual(
    full.failures.map((error) => (error as { code?: string }).code),
    ["ENOSPC"],
  );
  assert.ok(fullFiles(full.journal).length > 2);
  assert.equal(entries.length, rows - 1);
});

test("bytes that a power loss has left behind the end are removed", async () => {
  recordedOnce(NAMES.slice(0, 2));
  appendFileSync(stage.journal, Buffer.alloc(5_000));
  const { chain } = recordedOnce(NAMES.slice(2));

  assert.equal(
    [...readJournal(stage.journal)].every((line) => line.chain === chain),
    true,
  );
  assert.equal(await stage.replayed(), await stage.dump());
});
