import assert from "node:assert/strict";
import { test } from "node:test";
import { backupName, expiredBackups, type StoredBackup } from "./backup-folder.ts";

const DAY_MS = 24 * 3_600_000;
const MB = 1_000_000;
const START = Date.UTC(2026, 0, 1, 3);

function made(day: number, bytes = MB): StoredBackup {
  const at = START + day * DAY_MS;
  return { file: backupName(at, false), path: "", at, bytes, isEncrypted: false };
}

const days = (backups: readonly StoredBackup[]) => backups.map(({ at }) => (at - START) / DAY_MS);
const keeping = { days: 7, weeks: 4, maxBytes: 1_000 * MB };

test("of a year of daily backups, seven days and four weeks stay", () => {
  const year = Array.from({ length: 365 }, (_, day) => made(day));

  const old = expiredBackups(year, keeping);

  const kept = days(year.filter((each) => !old.includes(each)));
  assert.deepEqual(kept, [349, 356, 358, 359, 360, 361, 362, 363, 364]);
});

test("of several backups of one day the newest stays", () => {
  assert.deepEqual(days(expiredBackups([made(1), made(1.2), made(1.1)], keeping)), [1.1, 1]);
});

test("days without a backup do not count: the last seven stay however old they are", () => {
  const rare = Array.from({ length: 9 }, (_, count) => made(count * 100));

  assert.deepEqual(days(expiredBackups(rare, keeping)), [100, 0]);
});

test("over the size limit the oldest go; the newest stays even when it alone is over it", () => {
  assert.deepEqual(days(expiredBackups([made(3, 600 * MB), made(2, 600 * MB), made(1, 600 * MB)], keeping)), [2, 1]);
  assert.deepEqual(days(expiredBackups([made(3, 2_000 * MB)], keeping)), []);
});
