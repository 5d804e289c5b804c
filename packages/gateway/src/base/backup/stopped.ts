/** Copies the database of a gateway that does not run. */
import { existsSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { TellableError } from "../errors.ts";
import { markOf } from "../store/journal/journal.ts";
import type { JournalPosition } from "../store/journal/line.ts";
import { endOfFile } from "../store/journal/reading.ts";
import { isHeld, openToRead } from "../store/store-held.ts";
import { countedIn } from "../store/store-recording.ts";
import { recoveryAdvice } from "../store/store-trust.ts";
import { readWal } from "../store/store-wal.ts";

/** Where the statement journal stands for a database that nobody uses; undefined when it does not belong to it. */
export function stoppedPosition(database: string, journal: string): JournalPosition | undefined {
  using db = openToRead(database);
  const { seq, mark } = countedIn(db);
  const end = existsSync(journal) ? endOfFile(journal) : undefined;
  return end && seq > 0 && markOf(end.chain) === mark ? { chain: end.chain, seq } : undefined;
}

/** Pages that are copied at a time. */
const PAGES = 4_096;

/** Copies the database and what its journal holds. Throws `TellableError` when it is in use or damaged. */
export async function copyStopped(path: string, target: string): Promise<void> {
  if (isHeld(path)) throw new TellableError(`${path} is in use; ask the gateway that uses it, or stop it first`);
  if (readWal(path)?.isDamaged) throw new TellableError(`The journal of ${path} is damaged. ${recoveryAdvice(path)}`);
  using db = new DatabaseSync(path, { timeout: 0 });
  db.exec("pragma locking_mode = exclusive");
  await backup(db, target, { rate: PAGES });
  using copy = new DatabaseSync(target);
  copy.exec("pragma journal_mode = delete");
}
