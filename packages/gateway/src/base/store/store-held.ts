/** Whether a database is in use, found out without changing anything. */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Another process has the database open; the caller knows who. */
export class StoreBusyError extends Error {}

/**
 * Whether another process has the database open. An exclusive connection that may not write gets no further than to the
 * lock: it leaves no file behind and does not touch the journal.
 */
export function isHeld(path: string): boolean {
  if (!existsSync(path) || statSync(path).size === 0) return false;
  try {
    using db = openToRead(path);
    db.exec("pragma locking_mode = exclusive");
    db.prepare("select 1 from sqlite_schema").get();
    return false;
  } catch (error) {
    return isBusy(error);
  }
}

/** Whether an error says that somebody else has a database locked. */
export function isBusy(error: unknown): boolean {
  // SQLITE_BUSY and SQLITE_LOCKED (sqlite.org/rescode.html).
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" && [5, 6].includes(errcode & 0xff);
}

/** Opens a database to read it, at once or not at all. */
export function openToRead(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: 0 });
}
