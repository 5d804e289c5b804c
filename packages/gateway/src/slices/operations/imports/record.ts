/** The record of an import: all that it has added. */
import type { Store } from "../../../base/store/store.ts";
import { stored } from "../../../base/store/stored.ts";
import type { Adopted } from "../../core/sessions/adopt.ts";

export interface ImportRecord {
  readonly conversations: readonly Adopted[];
  readonly devices: readonly string[];
  readonly jobs: readonly string[];
  readonly senders: readonly { readonly channel: string; readonly sender: string }[];
  readonly logins: readonly { readonly channel: string; readonly account: string; readonly keys: readonly string[] }[];
  /** The words that woke voice input before, when they were changed. */
  readonly voiceWake?: readonly string[] | undefined;
  /** The text of the config file before and after; absent when it was not changed. */
  readonly config?: { readonly before: string; readonly after: string } | undefined;
  /** Folders that were copied. */
  readonly copies: readonly string[];
}

export interface ImportRow {
  readonly id: string;
  readonly folder: string;
  readonly at: number;
  readonly record: ImportRecord;
}

export class Records {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  save({ id, folder, at, record }: ImportRow): void {
    this.#store.run(
      "insert or replace into imports (id, folder, at, record) values (?, ?, ?, ?)",
      ...[id, folder, at, JSON.stringify(record)],
    );
  }

  /** The newest import that was not taken back. */
  last(): ImportRow | undefined {
    const row = this.#store.get<{ id: string; folder: string; at: number; record: string }>(
      "select id, folder, at, record from imports where undone_at is null order by at desc, rowid desc limit 1",
    );
    return row && { ...row, record: stored<ImportRecord>(row.record) };
  }

  undone(id: string, at: number): void {
    this.#store.run("update imports set undone_at = ? where id = ?", at, id);
  }
}
