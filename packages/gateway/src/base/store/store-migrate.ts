/** Brings the tables of a database up to date. */
import type { DatabaseSync } from "node:sqlite";
import { StartError } from "../errors.ts";
import type { Tables } from "./store.ts";

interface Migration {
  readonly tables: readonly Tables[];
  /** Makes a backup before the file is changed. */
  readonly backUp?: () => void;
}

/** Runs the steps that are missing, all of them or none. Throws `StartError` when the file is of a newer version. */
export function migrate(db: DatabaseSync, path: string, { tables, backUp }: Migration): void {
  db.exec("create table if not exists schema_versions (slice text primary key, version integer not null) strict");
  const versionOf = new Map(
    db
      .prepare("select slice, version from schema_versions")
      .all()
      .map((row) => [String(row.slice), Number(row.version)]),
  );
  const pending = tables.filter(({ slice, steps }) => (versionOf.get(slice) ?? 0) !== steps.length);
  for (const { slice, steps } of pending) {
    if ((versionOf.get(slice) ?? 0) > steps.length) {
      throw new StartError(
        `${path} was written by a newer version (its ${slice} tables); update moltbot, or restore a backup.`,
        { isLasting: true },
      );
    }
  }
  if (pending.length === 0) return;
  if (backUp && versionOf.size > 0) {
    // Empty the journal first: the backup copies the file alone.
    db.exec("pragma wal_checkpoint(truncate)");
    backUp();
  }
  db.exec("begin immediate");
  try {
    for (const { slice, steps } of pending) {
      for (const step of steps.slice(versionOf.get(slice) ?? 0)) db.exec(step);
      db.prepare("insert or replace into schema_versions values (?, ?)").run(slice, steps.length);
    }
    db.exec("commit");
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
}
