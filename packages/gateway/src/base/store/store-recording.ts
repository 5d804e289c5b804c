/** Records a store's transactions in a journal: the line is on disk before the commit. */
import type { DatabaseSync } from "node:sqlite";
import { Journal, type JournalOptions, markOf } from "./journal/journal.ts";
import type { JournalPosition, Statement } from "./journal/line.ts";

/** The size from which on a file of the journal is full, unless something else is said. */
const FILE_BYTES = 64 * 1024 * 1024;

export interface RecordOptions extends Pick<JournalOptions, "passphrase" | "now"> {
  readonly fileBytes?: number;
  /** The file of the journal. */
  readonly path: string;
  /** Is told when the disk of the journal fails: the gateway goes on without it. */
  failed(error: unknown): void;
}

/** The file itself counts the transactions of a chain, so that the next start knows whether the journal goes on. */
export function countedIn(db: DatabaseSync): Pick<JournalOptions, "seq" | "mark"> {
  const row = db
    .prepare("select user_version as seq, application_id as mark from pragma_user_version, pragma_application_id")
    .get();
  return { seq: Number(row?.seq ?? 0), mark: Number(row?.mark ?? 0) };
}

/** Whether a statement that gives rows also writes: `insert … returning` and the like. */
export function isWrite(sql: string): boolean {
  return changesRows(sql) && /\breturning\b/i.test(sql);
}

/** Whether a statement that was run changes rows: what else is run, such as a view of this connection, is in no journal. */
export function changesRows(sql: string): boolean {
  return /^\s*(?:insert|update|delete|replace|with)\b/i.test(sql);
}

export class StoreRecording implements Disposable {
  readonly #db: DatabaseSync;
  readonly #failed: (error: unknown) => void;
  #journal: Journal | undefined;
  /** The statements of the open transaction. */
  #pending: Statement[] = [];
  /** The journal has the open transaction already. */
  #isAhead = false;
  /** The journal has failed, and the database says so: without that the next start would go on with it. */
  #isUncounted = false;

  /** Throws what the disk says when the journal cannot be opened. */
  constructor(db: DatabaseSync, options: RecordOptions, versions: JournalOptions["versions"]) {
    const { path, failed, fileBytes = FILE_BYTES, ...more } = options;
    this.#db = db;
    this.#failed = failed;
    this.#journal = new Journal(path, { ...more, fileBytes, versions, ...countedIn(db) });
    const { chain, seq } = this.#journal;
    db.exec(`begin; pragma application_id = ${markOf(chain)}; pragma user_version = ${seq}; commit`);
  }

  /** Where the journal is; undefined when it has failed. */
  get position(): JournalPosition | undefined {
    return this.#journal && { chain: this.#journal.chain, seq: this.#journal.seq };
  }

  /** Notes a statement of the open transaction. */
  note(statement: Statement): void {
    if (this.#journal && changesRows(statement[0])) this.#pending.push(statement);
  }

  /** Before the commit: puts the transaction on disk. */
  ahead(): void {
    if (!this.#journal) return this.#uncount();
    if (this.#pending.length === 0) return;
    try {
      const seq = this.#journal.append(this.#pending);
      this.#isAhead = true;
      this.#db.exec(`pragma user_version = ${seq}`);
    } catch (error) {
      this.#giveUp(error);
      this.#uncount();
    }
  }

  /** After the transaction: it was committed, or taken back. */
  over(isCommitted: boolean): void {
    this.#pending = [];
    if (!this.#journal && isCommitted) this.#isUncounted = true;
    if (!this.#isAhead) return;
    this.#isAhead = false;
    try {
      if (!isCommitted) this.#journal?.takeBack();
    } catch (error) {
      this.#giveUp(error);
    }
  }

  [Symbol.dispose](): void {
    this.#journal?.[Symbol.dispose]();
    this.#journal = undefined;
  }

  /** A transaction that is taken back takes this back too, so it is done in each until one is committed. */
  #uncount(): void {
    if (!this.#isUncounted) this.#db.exec("pragma user_version = 0");
  }

  #giveUp(error: unknown): void {
    this[Symbol.dispose]();
    this.#isAhead = false;
    this.#failed(error);
  }
}
