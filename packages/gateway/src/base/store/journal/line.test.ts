import assert from "node:assert/strict";
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { addBird, JournalStage } from "../../../../../../test/support/journal-stage.ts";
import type { Store } from "../store.ts";
import { readJournal } from "./reading.ts";

let stage: JournalStage;
beforeEach(() => {
  stage = new JournalStage();
});
afterEach(() => stage[Symbol.dispose]());

/** A bird with a long song. */
function sing(store: Store, name: string, bytes: number): void {
  store.run("insert into birds (name, song) values (?, ?)", name, Buffer.alloc(bytes, name));
}

for (const passphrase of [undefined, "correct horse"])
  test(`a long transaction is cut into lines of 512 KB${passphrase === undefined ? "" : ", each encrypted"}`, async () => {
    const store = stage.recorded({ passphrase });
    addBird(store, "wren");
    sing(store, "nightingale", 3_000_000);
    addBird(store, "robin");
    store[Symbol.dispose]();

    const lines = readFileSync(stage.journal, "utf8").split("\n");

    assert.ok(lines.length > 10);
    assert.ok(lines.every((line) => line.length < 512 * 1024));
    assert.equal(await stage.replayed({ passphrase }), await stage.dump());
  });

test("a long transaction that was cut off is removed, and the journal goes on", async () => {
  let store = stage.recorded();
  addBird(store, "wren");
  const end = statSync(stage.journal).size;
  const { chain } = store.position!;
  copyFileSync(stage.path, `${stage.path}.kept`);
  copyFileSync(`${stage.path}-wal`, `${stage.path}.kept-wal`);
  sing(store, "nightingale", 3_000_000);
  store[Symbol.dispose]();
  // The kill came when most of its lines were on disk, and before it was committed.
  const written = readFileSync(stage.journal);
  writeFileSync(stage.journal, written.subarray(0, end + 2_500_000));
  renameSync(`${stage.path}.kept`, stage.path);
  renameSync(`${stage.path}.kept-wal`, `${stage.path}-wal`);
  store = stage.recorded();
  addBird(store, "robin");
  store[Symbol.dispose]();

  assert.equal(store.position, undefined);
  assert.ok(statSync(stage.journal).size < end + 10_000);
  assert.equal(
    [...readJournal(stage.journal)].every((line) => line.chain === chain),
    true,
  );
  assert.equal(await stage.replayed(), await stage.dump());
});

test("parts in another order are damage", async () => {
  const store = stage.recorded();
  sing(store, "nightingale", 1_500_000);
  addBird(store, "wren");
  store[Symbol.dispose]();
  const lines = readFileSync(stage.journal, "utf8").split("\n");

  writeFileSync(stage.journal, lines.with(2, lines[3]!).with(3, lines[2]!).join("\n"));

  await assert.rejects(stage.replayed(), /is damaged behind 1970-01-01T00:00:01.*Z; choose a moment before that/);
});
