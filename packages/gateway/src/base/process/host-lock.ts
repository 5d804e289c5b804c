/** Locks that hold for all of a user's processes on this machine, whatever state folder they use. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf, detailOf, ignore, TellableError } from "../errors.ts";

/** Another process has the lock. */
export class HostLockError extends TellableError {
  /** The process that has it, when it could be read. */
  readonly pid: number | undefined;

  constructor(name: string, pid: number | undefined) {
    super(`${name} is held by ${pid === undefined ? "another process" : `process ${pid}`}`);
    this.pid = pid;
  }
}

/**
 * Takes the lock `name` until disposed. It is the operating system's lock on a file, so it ends with the process,
 * however that ends. Keep the returned value: the lock is released when it is garbage-collected. Throws `HostLockError`
 * when the lock is taken. Not reentrant: a process cannot take it twice.
 */
export function takeHostLock(name: string): Disposable {
  const folder = ownFolder();
  const file = join(folder, `${name.replace(/[^A-Za-z0-9_-]/g, "_")}.lock`);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // The lock is an exclusive transaction that never ends.
    db.exec("begin exclusive");
  } catch (error) {
    db.close();
    if (/database is locked|is busy/.test(detailOf(error))) throw new HostLockError(name, holderOf(file));
    throw error;
  }
  writeFileSync(`${file}.pid`, String(process.pid), { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      if (!db.isOpen) return;
      // Remove the holder's name first, so that the next holder's name is not removed.
      rmSync(`${file}.pid`, { force: true });
      db.close();
    },
  };
}

/** A private folder of this user. Throws when the folder belongs to somebody else. */
function ownFolder(): string {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), `moltbot-locks-${uid ?? "user"}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) {
    throw new TellableError(`${folder} belongs to somebody else; remove it, or set TMPDIR to a folder of your own.`);
  }
  chmodSync(folder, 0o700);
  return folder;
}

function holderOf(file: string): number | undefined {
  try {
    return Number(readFileSync(`${file}.pid`, "utf8")) || undefined;
  } catch (error) {
    ignore(error, "the holder is about to write it, or to go");
    return undefined;
  }
}
