/** Copies the database of a gateway that does not run. */
import { backup, DatabaseSync } from "node:sqlite";
import { TellableError } from "../errors.ts";
import { isHeld } from "../store/store-held.ts";
import { waysOut } from "../store/store-trust.ts";
import { readWal } from "../store/store-wal.ts";

/** Pages that are copied at a time. */
const PAGES = 4_096;

/** Copies the database and what its journal holds. Throws `TellableError` when it is in use or damaged. */
export async function copyStopped(path: string, target: string): Promise<void> {
  if (isHeld(path)) throw new TellableError(`${path} is in use; ask the gateway that uses it, or stop it first`);
  if (readWal(path)?.isDamaged) throw new TellableError(`The journal of ${path} is damaged. ${waysOut(path)}`);
  using db = new DatabaseSync(path, { timeout: 0 });
  db.exec("pragma locking_mode = exclusive");
  await backup(db, target, { rate: PAGES });
  using copy = new DatabaseSync(target);
  copy.exec("pragma journal_mode = delete");
}
