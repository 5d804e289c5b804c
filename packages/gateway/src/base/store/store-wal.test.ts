import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { readWal } from "./store-wal.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-wal-"));
after(() => rmSync(folder, { recursive: true }));

const path = join(folder, "state.db");
const journal = `${path}-wal`;
const COMMITS = 20;
const FRAME_BYTES = 24 + 4_096;
let whole: Buffer;

before(() => {
  const original = join(folder, "original.db");
  using db = new DatabaseSync(original);
  db.exec("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table birds (name text)");
  const insert = db.prepare("insert into birds values (?)");
  for (let n = 0; n < COMMITS; n++) insert.run(`bird ${n} `.repeat(300));
  copyFileSync(original, path);
  whole = readFileSync(`${original}-wal`);
});

/** Whether the journal counts as damaged after `harm`. */
function isDamaged(harm: (bytes: Buffer) => Buffer): boolean | undefined {
  writeFileSync(journal, harm(Buffer.from(whole)));
  return readWal(path)?.isDamaged;
}

/** The middle of the frame `n`, counted from the end when it is negative. */
function inFrame(n: number): number {
  return (n < 0 ? whole.length : 32) + n * FRAME_BYTES + 2_000;
}

describe("a write-ahead log", () => {
  test("that is whole has the newest content of each page", () => {
    writeFileSync(journal, whole);
    const wal = readWal(path)!;

    const last = wal.bytes.subarray(
      wal.pages.get(wal.databasePages)!,
      wal.pages.get(wal.databasePages)! + wal.pageBytes,
    );

    assert.deepEqual([wal.isDamaged, wal.pageBytes], [false, 4_096]);
    assert.ok(last.includes(`bird ${COMMITS - 1} `));
  });

  const harms: readonly [what: string, damaged: boolean | undefined, harm: (bytes: Buffer) => Buffer][] = [
    ["cut in the middle of its last frame", false, (bytes) => bytes.subarray(0, bytes.length - 1_000)],
    [
      "written over in its last frame, as by a power cut",
      false,
      (bytes) => bytes.fill(7, inFrame(-1), inFrame(-1) + 50),
    ],
    ["written over in its first frame", true, (bytes) => bytes.fill(7, inFrame(0), inFrame(0) + 50)],
    ["written over in the middle", true, (bytes) => bytes.fill(7, inFrame(9), inFrame(9) + 1)],
    ["without its header", true, (bytes) => bytes.fill(0, 0, 32)],
    ["with other salts in its header", true, (bytes) => bytes.fill(9, 16, 20)],
    ["with nothing behind its header", undefined, (bytes) => bytes.subarray(0, 32)],
    ["empty", undefined, () => Buffer.alloc(0)],
  ];
  for (const [what, damaged, harm] of harms) {
    test(`${what} ${damaged === undefined ? "holds nothing" : damaged ? "is damaged" : "is not damaged"}`, () => {
      assert.equal(isDamaged(harm), damaged);
    });
  }

  test("holds what SQLite itself reads of one that was cut", () => {
    writeFileSync(journal, whole);
    truncateSync(journal, 32 + 12 * FRAME_BYTES + 100);
    const { databasePages, pages } = readWal(path)!;

    using db = new DatabaseSync(path);
    const seen = db.prepare("select count(*) as n from pragma_page_count, birds").get()!;

    assert.equal(db.prepare("pragma page_count").get()!.page_count, databasePages);
    assert.ok(Number(seen.n) > 0 && pages.size > 0);
  });
});
