/** Checks the database of a state folder without changing it: whether a gateway uses it, and whether it is damaged. */

import { existsSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ignore, messageOf, StartError } from "../../base/errors.ts";
import { databasePath, tokenKeyPath } from "../../base/files.ts";
import { machineTrouble } from "../../base/process/machine.ts";
import { isHeld, openToRead } from "../../base/store/store-held.ts";
import { recoveryAdvice, refuseWhenEmptied } from "../../base/store/store-trust.ts";
import { readWal } from "../../base/store/store-wal.ts";

/** The result of a check. */
export interface DatabaseCheck {
  /** `none`: there is nothing yet. `busy`: a gateway uses it. */
  readonly kind: "none" | "busy" | "whole" | "damaged";
  readonly says: string;
  readonly fix?: string;
}

/** Checks the database of `stateDir`; reads all of it. */
export function checkDatabaseFile(stateDir: string): DatabaseCheck {
  const path = databasePath(stateDir);
  const emptied = sentenceOf(() => refuseWhenEmptied(path, [tokenKeyPath(stateDir)]));
  if (emptied !== undefined) return damage(`${path} is missing or empty, but this folder was used`, path);
  if (!existsSync(path) || statSync(path).size === 0) return { kind: "none", says: "Not there yet" };
  if (isHeld(path)) return { kind: "busy", says: "In use by a gateway", fix: "Ask that one: `moltbot health`" };
  if (readWal(path)?.isDamaged) return damage(`The journal of ${path} is damaged`, path);
  const problem = complaintOf(path);
  if (problem !== undefined) return damage(`${path} is damaged (${problem})`, path);
  return { kind: "whole", says: "Whole" };
}

function damage(says: string, path: string): DatabaseCheck {
  return { kind: "damaged", says, fix: recoveryAdvice(path) };
}

/** What SQLite says of the file with its journal; undefined when nothing is wrong. */
function complaintOf(path: string): string | undefined {
  const hasJournal = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  if (!hasJournal) return isWhole(path) ? undefined : "it cannot be read, or its pages do not fit together";
  const hadMemory = existsSync(`${path}-shm`);
  try {
    using db = openToRead(path);
    return checks(db) ? undefined : "its pages do not fit together";
  } catch (error) {
    return machineTrouble(error)?.isTransient === false ? "it cannot be read" : messageOf(error);
  } finally {
    if (!hadMemory) rmSync(`${path}-shm`, { force: true });
  }
}

/** Whether a file that nobody writes to and that has no journal is a whole database of the gateway's. */
export function isWhole(path: string): boolean {
  try {
    // Immutable: SQLite makes no files beside it.
    using db = new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
    return checks(db) && db.prepare("select 1 from schema_versions").get() !== undefined;
  } catch (error) {
    ignore(error, "whatever it is, it is not a whole database");
    return false;
  }
}

function checks(db: DatabaseSync): boolean {
  const [row] = db.prepare("pragma quick_check(1)").all();
  return Object.values(row ?? {})[0] === "ok";
}

function sentenceOf(fn: () => void): string | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
}
