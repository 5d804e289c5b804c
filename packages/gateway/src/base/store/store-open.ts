/**
 * Opens the database's file safely: for this process alone, private, and refused where it is not what its gateway left. It
 * knows no table of a slice.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isDamage } from "../process/machine.ts";
import { isBusy, StoreBusyError } from "./store-held.ts";
import {
  damaged,
  endedCleanly,
  isEmptied,
  keepDamagedWal,
  refuseWhenEmptied,
  removeMark,
  wasUsed,
} from "./store-trust.ts";

export const MEMORY = ":memory:";

/** A commit waits until the disk has it. */
export const SYNCED = "pragma synchronous = full";

export interface OpenedFile {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Whether the file was made now. A backup of a new file would hold nothing. */
  readonly isNew: boolean;
  /** Whether the file is known to be whole: it is new, or unchanged since a clean end. */
  readonly isVerified: boolean;
  /** The copy of the journal that was made because a part of it could not be read. */
  readonly keptWal: string | undefined;
}

/**
 * Opens the file and takes its lock. `signsOfUse` are files that only a gateway with a database makes. Throws
 * `StoreBusyError` when another process holds it, `StartError` when it is damaged or emptied.
 */
export function openFile(path: string, signsOfUse: readonly string[]): OpenedFile {
  if (path === MEMORY) {
    const db = new DatabaseSync(path);
    prepare(db, true);
    return { db, path, isNew: true, isVerified: true, keptWal: undefined };
  }
  refuseWhenEmptied(path, signsOfUse);
  const isNew = !existsSync(path);
  const isUnchanged = isNew || endedCleanly(path);
  // Make the file private before SQLite opens it: the journal takes over its mode.
  if (isNew) closeSync(openSync(path, "a", 0o600));
  const db = new DatabaseSync(path, { timeout: 0 });
  return orClosed(db, path, () => {
    prepare(db, isNew);
    const keptWal = keepDamagedWal(path);
    if (isEmptied(db) && (keptWal !== undefined || wasUsed(path, signsOfUse))) throw damaged(path, undefined);
    removeMark(path);
    return { db, path, isNew, isVerified: isUnchanged && keptWal === undefined, keptWal };
  });
}

/** Takes the lock and sets how the connection works. */
function prepare(db: DatabaseSync, isNew: boolean): void {
  // Set exclusive locking before the first WAL access: then there is no shared-memory file, and a second gateway
  // cannot open the database. `auto_vacuum` must be set before anything is written; an existing database keeps its
  // mode.
  if (isNew) db.exec("pragma auto_vacuum = incremental");
  db.exec("pragma locking_mode = exclusive; pragma journal_mode = wal");
  db.exec(SYNCED);
  db.exec("pragma foreign_keys = on; pragma temp_store = memory; begin immediate; commit");
}

/** Does `work` with the file just opened. When that fails, the file is closed, and the error says what is wrong with it. */
export function orClosed<Result>(db: DatabaseSync, path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) {
      db.close();
      throw new StoreBusyError(path, { cause: error });
    }
    // Keep the damaged journal now: closing writes the readable part into the file and deletes the journal.
    if (isDamage(error)) keepDamagedWal(path);
    if (db.isOpen) db.close();
    throw isDamage(error) ? damaged(path, error) : error;
  }
}
