/** The one SQLite file. Slices own their tables; nobody else writes SQL. */
import { chmodSync, closeSync, existsSync, openSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { detailOf, StartError } from "./errors.ts";

/** A slice's tables: an append-only list of statements; its length is the slice's schema version. */
export interface Tables {
  readonly slice: string;
  readonly steps: readonly string[];
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/** Another process has the database open; the caller knows who. */
export class StoreBusyError extends Error {}

/**
 * An open database. All calls are synchronous; a commit has reached the disk when it returns (WAL with
 * synchronous=FULL). Statements are prepared once and kept.
 */
export class Store implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #writes = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** How many statements have written so far: what was read at the same count is still true. */
  get writes(): number {
    return this.#writes;
  }

  /** Runs a statement; returns how many rows changed and the last row id. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastInsertRowid: number } {
    this.#writes++;
    const { changes, lastInsertRowid } = this.#statement(sql).run(...values);
    return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
  }

  /** The first row, or undefined. The caller names the row's type: the SQL beside it is the proof. */
  get<T = Row>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#statement(sql).get(...values) as T | undefined;
  }

  /** All rows. */
  all<T = Row>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#statement(sql).all(...values) as T[];
  }

  /** Deletes at most so many rows of a table; true when there may be more. `where` is SQL, as beside `run`. */
  deleteSome(table: string, where: string, values: readonly SQLInputValue[], limit: number): boolean {
    const { changes } = this.run(
      `delete from ${table} where rowid in (select rowid from ${table} where ${where} limit ${limit})`,
      ...values,
    );
    return changes === limit;
  }

  /** Runs `fn` in a transaction: all of it is kept, or, when it throws, none. Nested calls join the outer one. */
  transaction<T>(fn: () => T): T {
    if (this.#depth > 0) return fn();
    this.#db.exec("begin immediate");
    this.#depth++;
    try {
      const result = fn();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw error;
    } finally {
      this.#depth--;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/**
 * Opens the database and brings every slice's tables up to date in one transaction, after a backup when there is
 * something to lose. `:memory:` is for tests. The file is held exclusively until the store is disposed: the lock is
 * the operating system's, so it ends with the process, however that ends.
 *
 * Throws `StoreBusyError` when another process holds the file, `StartError` when it is damaged or newer than this
 * program.
 */
export function openStore(path: string, tables: readonly Tables[]): Store {
  const isNew = path === ":memory:" || !existsSync(path);
  // Made private before SQLite opens it: the journal beside it takes over its mode.
  if (isNew && path !== ":memory:") closeSync(openSync(path, "a", 0o600));
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // Exclusive before the first WAL access: no shared-memory file, and a second gateway cannot open it.
    // Before anything is written: a database that exists keeps the mode that it was made with.
    if (isNew) db.exec("pragma auto_vacuum = incremental");
    db.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full");
    db.exec("pragma foreign_keys = on; pragma temp_store = memory; begin immediate; commit");
    migrate(db, path, tables, isNew);
    return new Store(db);
  } catch (error) {
    if (db.isOpen) db.close();
    if (/database is locked|is busy/.test(detailOf(error))) throw new StoreBusyError(path, { cause: error });
    if (/malformed|not a database|disk image/.test(detailOf(error)))
      throw new StartError(damaged(path), { cause: error });
    throw error;
  }
}

function migrate(db: DatabaseSync, path: string, tables: readonly Tables[], isNew: boolean): void {
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
      );
    }
  }
  if (pending.length === 0) return;
  if (!isNew) backUp(db, path);
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

const BACKUPS_KEPT = 3;

function backUp(db: DatabaseSync, path: string): void {
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  db.prepare("vacuum into ?").run(`${path}.backup-${stamp}`);
  chmodSync(`${path}.backup-${stamp}`, 0o600);
  for (const old of backupsOf(path).slice(0, -BACKUPS_KEPT)) rmSync(old, { force: true });
}

function backupsOf(path: string): string[] {
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.backup-`))
    .sort()
    .map((name) => join(dirname(path), name));
}

function damaged(path: string): string {
  const newest = backupsOf(path).at(-1);
  const fix = newest ? `put the newest backup, ${newest}, in its place` : "move it away to start with an empty one";
  return `${path} is damaged and cannot be read; keep a copy, then ${fix}.`;
}
