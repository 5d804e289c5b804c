/** Records a store's transactions in a journal: the line is on disk before the commit. */
import type { DatabaseSync } from "node:sqlite";
import { Journal, type JournalOptions, type JournalPosition, type Statement } from "./journal.ts";

export interface RecordOptions extends Pick<JournalOptions, "passphrase" | "now"> {
  /** The file of the journal. */
  readonly path: string;
  /** Is told when the disk of the journal fails: the gateway goes on without it. */
  failed(error: unknown): void;
}

/** The file itself counts the transactions, so that the next start knows whether the journal goes on. */
export function countedIn(db: DatabaseSync): number {
  return Number(db.prepare("select user_version as n from pragma_user_version").get()?.n ?? 0);
}

/** Whether a statement that gives rows also writes: `insert … returning` and the like. */
export function isWrite(sql: string): boolean {
  return /^\s*(insert|update|delete|replace|with)\b/i.test(sql) && /\breturning\b/i.test(sql);
}

export class StoreRecording implements Disposable {
  readonly #db: DatabaseSync;
  readonly #failed: (error: unknown) => void;
  #journal: Journal | undefined;
  /** The statements of the open transaction. */
  #pending: Statement[] = [];
  /** The journal has the open transaction already. */
  #isAhead = false;

  /** Throws what the disk says when the journal cannot be opened. */
  constructor(db: DatabaseSync, { path, failed, ...more }: RecordOptions, versions: JournalOptions["versions"]) {
    this.#db = db;
    this.#failed = failed;
    this.#journal = new Journal(path, { ...more, versions, seq: countedIn(db) });
    db.exec(`pragma user_version = ${this.#journal.seq}`);
  }

  /** Where the journal stands; undefined when it has failed. */
  get position(): JournalPosition | undefined {
    return this.#journal && { chain: this.#journal.chain, seq: this.#journal.seq };
  }

  /** Notes a statement of the open transaction. */
  note(statement: Statement): void {
    if (this.#journal) this.#pending.push(statement);
  }

  /** Before the commit: puts the transaction on disk. */
  ahead(): void {
    if (this.#pending.length === 0) return;
    try {
      const seq = this.#journal!.append(this.#pending);
      this.#isAhead = true;
      this.#db.exec(`pragma user_version = ${seq}`);
    } catch (error) {
      this.#giveUp(error);
      this.#db.exec("pragma user_version = 0");
    }
  }

  /** After the transaction: it was committed, or taken back. */
  over(isCommitted: boolean): void {
    this.#pending = [];
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

  #giveUp(error: unknown): void {
    this[Symbol.dispose]();
    this.#isAhead = false;
    this.#failed(error);
  }
}
