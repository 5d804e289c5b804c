/** The one SQLite file. Slices own their tables; nobody else writes SQL. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { ignore } from "../errors.ts";
import type { Log } from "../log.ts";
import { isDamage } from "../process/machine.ts";
import type { JournalPosition } from "./journal/line.ts";
import { backUp } from "./store-backup.ts";
import { migrate } from "./store-migrate.ts";
import { MEMORY, type OpenedFile, openFile, orClosed, SYNCED } from "./store-open.ts";
import { countedIn, isWrite, type RecordOptions, StoreRecording } from "./store-recording.ts";
import { LateSync } from "./store-sync.ts";
import { markCleanEnd } from "./store-trust.ts";

/** A slice's tables: an append-only list of statements; its length is the slice's schema version. */
export interface Tables {
  readonly slice: string;
  readonly steps: readonly string[];
  /**
   * Tables whose rows are work, with an SQL condition for finished rows. Only finished rows are taken over from an
   * older copy: others may have been done since, and would be done again.
   */
  readonly finished?: Readonly<Record<string, string>>;
  /**
   * SQL that a restore runs on the older database (`main`) before it takes the place of the newer one (`before`, of this
   * version): it takes over what cannot be taken back, such as what platforms handed over or others have seen.
   */
  readonly carriedOver?: readonly string[];
  /** Folders of the state folder with files that `carriedOver` rows name; a file there never changes. */
  readonly carriedFiles?: readonly string[];
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/**
 * An open database. All calls are synchronous; a commit has reached the disk when it returns (WAL with
 * synchronous=FULL), except those of `unsynced`. Statements are prepared once and kept.
 */
export class Store implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();
  readonly #path: string;
  readonly #late: LateSync;
  #depth = 0;
  #writes = 0;
  #isVerified: boolean;
  #onDamage: (error: unknown) => void = () => {};
  #recording: StoreRecording | undefined;
  /**
   * The copy of the journal that was made because a part of it could not be read at the start; undefined when all was
   * read.
   */
  readonly keptWal: string | undefined;
  /** The tables that it was opened with. */
  readonly tables: readonly Tables[];

  constructor({ db, path, isVerified, keptWal }: OpenedFile, tables: readonly Tables[]) {
    this.#db = db;
    this.tables = tables;
    this.#path = path;
    this.#late = new LateSync(path);
    this.#isVerified = isVerified;
    this.keptWal = keptWal;
  }

  /** Whether the file is known to be whole: it was closed cleanly or has been checked since, and no damage was met. */
  get isVerified(): boolean {
    return this.#isVerified;
  }

  /** Notes the result of a check. */
  setVerified(isWhole: boolean): void {
    this.#isVerified = isWhole;
  }

  /** Calls `listener` for each error that means damage. */
  onDamage(listener: (error: unknown) => void): void {
    this.#onDamage = listener;
  }

  /**
   * Writes the journal into the file, and keeps the file unchanged while `work` reads it; new writes stay in the
   * journal meanwhile. Not reentrant.
   */
  async holdStill<T>(work: () => Promise<T>): Promise<T> {
    this.get("pragma wal_checkpoint(truncate)");
    this.get("pragma wal_autocheckpoint = 0");
    try {
      return await work();
    } finally {
      if (this.#db.isOpen) this.get(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    }
  }

  /** The number of statements that have written. What was read at an equal count is still true. */
  get writes(): number {
    return this.#writes;
  }

  /** Whether a power cut could take something back that `unsynced` has committed. */
  get isBehindDisk(): boolean {
    return this.#late.isBehind;
  }

  /** Whether a transaction is open: what is read now may be taken back. */
  get isInTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Runs a statement; returns how many rows changed and the last row id. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastInsertRowid: number } {
    if (this.#recording && this.#depth === 0) return this.transaction(() => this.run(sql, ...values));
    this.#writes++;
    try {
      const { changes, lastInsertRowid } = this.#prepared(sql).statement.run(...values);
      if (this.#depth === 0) this.#late.caughtUp();
      this.#recording?.note([sql, ...values]);
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** The first row, or undefined. The caller names the row's type; it must match the SQL. */
  get<T = Row>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#given(sql, values, (statement) => statement.get(...values) as T | undefined);
  }

  /** All rows. */
  all<T = Row>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#given(sql, values, (statement) => statement.all(...values) as T[]);
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
    const result = this.#atomically(fn);
    this.#late.caughtUp();
    return result;
  }

  /**
   * Like `transaction`, but waits for no disk: the next other commit takes it along, or the disk is asked within
   * `SYNC_WITHIN_MS`. A killed process loses nothing of it; a power cut may lose all of it, and nothing before it. Only for
   * what is then decided or done again from what is on disk. A journal beside the file must not run ahead of it, so while
   * one is recorded this waits too.
   */
  unsynced<T>(fn: () => T): T {
    if (this.#depth > 0 || this.#recording) return this.transaction(fn);
    this.#db.exec("pragma synchronous = normal");
    try {
      const result = this.#atomically(fn);
      this.#late.behind();
      return result;
    } finally {
      if (this.#db.isOpen) this.#db.exec(SYNCED);
    }
  }

  #atomically<T>(fn: () => T): T {
    this.#depth++;
    try {
      this.#db.exec("begin immediate");
      const result = fn();
      this.#recording?.ahead();
      this.#db.exec("commit");
      this.#recording?.over(true);
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      this.#recording?.over(false);
      throw this.#noted(error);
    } finally {
      this.#depth--;
    }
  }

  /** Records every transaction from now on. Throws what the disk says when the journal cannot be opened. */
  record(options: RecordOptions): void {
    const versions = Object.fromEntries(this.tables.map(({ slice, steps }) => [slice, steps.length]));
    this.#recording = new StoreRecording(this.#db, options, versions);
  }

  /** Transactions are not recorded: a journal from before does not go on after them. */
  unrecorded(): void {
    if (countedIn(this.#db).seq !== 0) this.#db.exec("pragma user_version = 0");
  }

  /** Where the journal is; undefined when nothing is recorded. */
  get position(): JournalPosition | undefined {
    return this.#recording?.position;
  }

  /**
   * Resolves when what was committed is wherever it is replicated to; never rejects. What must not be lost with this
   * machine waits for it before anybody outside is told. A journal is written before the commit, so there is nothing to
   * wait for.
   */
  replicated(): Promise<void> {
    return REPLICATED;
  }

  /** Whether anybody else keeps what is committed. Otherwise answers need not wait for a turn. */
  get isReplicated(): boolean {
    return false;
  }

  [Symbol.dispose](): void {
    this.#recording?.[Symbol.dispose]();
    this.#late[Symbol.dispose]();
    this.#statements.clear();
    if (!this.#db.isOpen) return;
    this.#db.close();
    if (!this.#isVerified || this.#path === MEMORY) return;
    try {
      markCleanEnd(this.#path);
    } catch (error) {
      ignore(error, "without the mark the next start checks the file");
    }
  }

  /** What a statement gives; one that also writes is counted and recorded. */
  #given<T>(sql: string, values: readonly SQLInputValue[], read: (statement: StatementSync) => T): T {
    try {
      const { statement, writes } = this.#prepared(sql);
      if (!writes) return read(statement);
      if (this.#recording && this.#depth === 0) return this.transaction(() => this.#given(sql, values, read));
      this.#writes++;
      const found = read(statement);
      if (this.#depth === 0) this.#late.caughtUp();
      this.#recording?.note([sql, ...values]);
      return found;
    } catch (error) {
      throw this.#noted(error);
    }
  }

  #noted(error: unknown): unknown {
    if (isDamage(error)) {
      this.#isVerified = false;
      this.#onDamage(error);
    }
    return error;
  }

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known) return known;
    const prepared = { statement: this.#db.prepare(sql), writes: isWrite(sql) };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** A statement that is kept. */
interface Prepared {
  readonly statement: StatementSync;
  /** Whether it writes although it gives rows. */
  readonly writes: boolean;
}

const REPLICATED = Promise.resolve();

/** Pages in the journal after which SQLite writes them into the file (SQLite's own default). */
const CHECKPOINT_PAGES = 1_000;

export interface OpenOptions {
  readonly log?: Log;
  /** Files that only a gateway with a database makes. Beside such files, a missing or empty database is an error. */
  readonly signsOfUse?: readonly string[];
}

/**
 * Opens the database and brings every slice's tables up to date in one transaction, after a backup when there is
 * something to lose. `:memory:` is for tests. The file is held exclusively until the store is disposed: the lock is
 * the operating system's, so it ends with the process, however that ends.
 *
 * Throws `StoreBusyError` when another process holds the file, `StartError` when it is damaged, emptied, or newer than this
 * program. Then nothing has been changed.
 */
export function openStore(path: string, tables: readonly Tables[], { log, signsOfUse = [] }: OpenOptions = {}): Store {
  const file = openFile(path, signsOfUse);
  return orClosed(file.db, path, () => {
    migrate(file.db, path, { tables, ...(!file.isNew && { backUp: () => backUp(path, log) }) });
    return new Store(file, tables);
  });
}
