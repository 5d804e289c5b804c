/** The backup before an update changes the tables. */
import { chmodSync, linkSync, rmSync } from "node:fs";
import { ignore } from "../errors.ts";
import type { Log } from "../log.ts";
import { backupPrefix, copiesOf, dailyOf, roomFor } from "./store-files.ts";
import { copyNow } from "./store-subprocess.ts";

const BACKUPS_KEPT = 3;
/** The greatest age of a daily copy that counts as a backup. */
const DAY_MS = 24 * 3_600_000;

/**
 * Makes a backup of the database at `path`, whose journal has been emptied. A daily copy from the last day serves as
 * one; otherwise the file is copied (500 MB: 1 s). Without room, or when it takes more than a minute, the update goes
 * on without a backup: its changes are one transaction, so all of them happen or none. The log says what was done.
 */
export function backUp(path: string, log: Log | undefined): void {
  const backup = backupOf(path);
  if (keepDaily(path, backup, { maxAgeMs: DAY_MS })) {
    log?.info("an update changes the database; the copy of the last day is kept as its backup", { backup });
    return removeOld(path);
  }
  const { needed, free } = roomFor(path);
  if (free < needed) {
    return log?.warn("an update changes the database without a backup: there is no room for one", { needed, free });
  }
  if (!copyNow(path, backup))
    return log?.warn("an update changes the database without a backup: it could not be made in time");
  log?.info("an update changes the database; a backup was made", { backup });
  removeOld(path);
}

/**
 * Keeps the daily copy before another database takes this one's place; the new database's copies would replace it in
 * two days.
 */
export function keepDailyCopy(path: string): void {
  keepDaily(path, backupOf(path), { maxAgeMs: Number.POSITIVE_INFINITY });
}

function backupOf(path: string): string {
  return `${backupPrefix(path)}${new Date().toISOString().replace(/[:.]/g, "-")}`;
}

/** Keeps the daily copy under the name of a backup, which takes no room. Returns whether that was possible. */
function keepDaily(path: string, backup: string, { maxAgeMs }: { maxAgeMs: number }): boolean {
  const daily = copiesOf(path).find((copy) => copy.path === dailyOf(path)[0]);
  if (!daily || Math.abs(Date.now() - daily.at) > maxAgeMs) return false;
  try {
    linkSync(daily.path, backup);
    chmodSync(backup, 0o600);
    return true;
  } catch (error) {
    ignore(error, "a file system without links: a copy is made");
    return false;
  }
}

function removeOld(path: string): void {
  const backups = copiesOf(path).filter((copy) => copy.path.startsWith(backupPrefix(path)));
  for (const old of backups.sort((a, b) => (a.name < b.name ? 1 : -1)).slice(BACKUPS_KEPT))
    rmSync(old.path, { force: true });
}
