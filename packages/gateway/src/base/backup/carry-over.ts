/**
 * What a restore does not take back: messages that platforms handed over once, and work that others have seen. It is taken
 * from the database that is there into the older one that takes its place, so that nothing is lost or done twice.
 */
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ignore, TellableError } from "../errors.ts";
import { databasePath } from "../files.ts";
import { isOutOfRoom } from "../process/machine.ts";
import { openStore, type Tables } from "../store/store.ts";
import { readWal } from "../store/store-wal.ts";
import type { RestorePlan } from "./swap.ts";

/**
 * Carries over into the database of a restore that is ready. Returns the error when some of it is not possible, undefined when
 * all was done: a restore is often the answer to a database that cannot be read, and is then made without what came since.
 * Throws when the disk is full: then the restore must wait.
 */
export function problemCarryingOver(stateDir: string, plan: RestorePlan, tables: readonly Tables[]): unknown {
  try {
    carryOver(databasePath(stateDir), plan, tables);
    for (const folder of tables.flatMap(({ carriedFiles = [] }) => carriedFiles))
      linkFiles(join(stateDir, folder), join(plan.source, folder));
    return undefined;
  } catch (error) {
    // A full disk says nothing of the database: the restore can be made when there is room, with all that came since.
    if (isOutOfRoom(error)) throw error;
    return error;
  }
}

/**
 * Runs what the slices have declared as `carriedOver`, of each slice all or nothing; a second call changes nothing more.
 * Nobody may use either database. Throws when the one that is there, or what a slice has in it, cannot be read; of that
 * slice nothing is then taken over.
 */
function carryOver(from: string, { source, staging }: RestorePlan, tables: readonly Tables[]): void {
  const into = databasePath(source);
  if (!existsSync(from) || !existsSync(into)) return;
  // Opening it would cut the journal off, and with it what `restore undo` could still read.
  if (readWal(from)?.isDamaged) throw new TellableError("the journal of the database that was there is damaged");
  bringUpToDate(into, tables);
  using db = new DatabaseSync(into);
  db.prepare("attach database ? as before").run(from);
  const carrying = tables.filter(({ carriedOver }) => carriedOver !== undefined);
  if (isOlder(versionsIn(db), tables)) {
    db.exec("detach database before");
    db.prepare("attach database ? as before").run(migratedCopy(from, join(staging, "present"), tables));
  }
  const versions = versionsIn(db);
  const problems = carrying.flatMap(({ slice, steps, carriedOver = [] }) => {
    const version = versions.get(slice);
    if (version === undefined) return [];
    if (version !== steps.length) return [[slice, new TellableError("it is of another version")] as const];
    const error = problemRunning(db, carriedOver);
    return error === undefined ? [] : [[slice, error] as const];
  });
  db.exec("detach database before");
  rmSync(join(staging, "present"), { recursive: true, force: true });
  if (problems.length === 0) return;
  const names = problems.map(([slice]) => slice).join(", ");
  throw new TellableError(`not all could be taken over: ${names}`, { cause: problems[0]?.[1] });
}

/** Runs statements, all of them or none; returns why they could not be run. */
function problemRunning(db: DatabaseSync, statements: readonly string[]): unknown {
  try {
    db.exec("begin immediate");
    for (const statement of statements) db.exec(statement);
    db.exec("commit");
    return undefined;
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    return error;
  }
}

function versionsIn(db: DatabaseSync): ReadonlyMap<string, number> {
  const rows = db.prepare("select slice, version from before.schema_versions").all();
  return new Map(rows.map(({ slice, version }) => [String(slice), Number(version)]));
}

/** Whether this program would migrate the database; it cannot when any of it is newer. */
function isOlder(versions: ReadonlyMap<string, number>, tables: readonly Tables[]): boolean {
  const compared = tables.map(({ slice, steps }) => steps.length - (versions.get(slice) ?? steps.length));
  return compared.some((missing) => missing > 0) && compared.every((missing) => missing >= 0);
}

/** Copies the database that is there and migrates the copy; the original stays as it is, for the undo. Returns the path of the copy. */
function migratedCopy(from: string, folder: string, tables: readonly Tables[]): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = databasePath(folder);
  for (const ending of ["", "-wal"])
    if (existsSync(from + ending)) copyFileSync(from + ending, copy + ending, constants.COPYFILE_FICLONE);
  bringUpToDate(copy, tables);
  return copy;
}

/** Migrates a database: `carriedOver` is written for the newest tables. The statement journal records none of this. */
function bringUpToDate(path: string, tables: readonly Tables[]): void {
  using store = openStore(path, tables);
  store.unrecorded();
}

/** Gives the restored folder the files that came since, without a copy where the disk can do that. */
function linkFiles(from: string, into: string): void {
  if (!existsSync(from)) return;
  mkdirSync(dirname(into), { recursive: true, mode: 0o700 });
  mkdirSync(into, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const to = join(into, entry.name);
    if (!entry.isFile() || existsSync(to)) continue;
    try {
      linkSync(join(from, entry.name), to);
    } catch (error) {
      ignore(error, "not every disk links");
      copyFileSync(join(from, entry.name), to);
    }
  }
}
