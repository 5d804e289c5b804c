/**
 * What a restore does not take back: messages that platforms handed over once, and work that others have seen. It is taken
 * from the database that is there into the older one that takes its place, so that nothing is lost or done twice.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TellableError } from "../errors.ts";
import { databasePath } from "../files.ts";
import { openStore, type Tables } from "../store/store.ts";
import { readWal } from "../store/store-wal.ts";
import type { RestorePlan } from "./swap.ts";

/**
 * Carries over into the database of a restore that is ready. Returns the error when that is not possible, undefined when it was
 * done: a restore is often the answer to a database that cannot be read, and is then made without what came since.
 */
export function problemCarryingOver(stateDir: string, { source }: RestorePlan, tables: readonly Tables[]): unknown {
  try {
    carryOver(databasePath(stateDir), databasePath(source), tables);
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Runs what the slices have declared as `carriedOver`, all of it or nothing; a second call changes nothing more. Nobody may
 * use either database. Throws when the one that is there cannot be read; the other one is then as it was.
 */
function carryOver(from: string, into: string, tables: readonly Tables[]): void {
  if (!existsSync(from) || !existsSync(into)) return;
  // Opening it would cut the journal off, and with it what `restore undo` could still read.
  if (readWal(from)?.isDamaged) throw new TellableError("the journal of the database that was there is damaged");
  bringUpToDate(into, tables);
  using db = new DatabaseSync(into);
  db.prepare("attach database ? as before").run(from);
  const versions = new Map(
    db
      .prepare("select slice, version from before.schema_versions")
      .all()
      .map(({ slice, version }) => [slice, version]),
  );
  db.exec("begin immediate");
  try {
    for (const { slice, steps, carriedOver = [] } of tables)
      if (versions.get(slice) === steps.length) for (const statement of carriedOver) db.exec(statement);
    db.exec("commit");
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
}

/** Migrates the older database: `carriedOver` is written for the newest tables. The statement journal records none of this. */
function bringUpToDate(path: string, tables: readonly Tables[]): void {
  using store = openStore(path, tables);
  store.unrecorded();
}
