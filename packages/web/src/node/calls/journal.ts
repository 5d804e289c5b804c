// The visible log: every call with its time, who asked, and what became of it. It stays in this browser.

import { recall, remember } from "../../visit/storage.ts";

/** A line of the log. */
export interface JournalEntry {
  /** Epoch ms. */
  readonly at: number;
  readonly command: string;
  readonly askedBy: string;
  readonly outcome: string;
  readonly isRefused: boolean;
}

/** More lines than anybody reads; the oldest go. */
const MAX_ENTRIES = 100;
const NAME = "node.journal";

export class Journal {
  #entries: readonly JournalEntry[] = stored();

  /** The newest first. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  add(entry: Omit<JournalEntry, "at">): void {
    this.#entries = [{ at: Date.now(), ...entry }, ...this.#entries].slice(0, MAX_ENTRIES);
    remember(NAME, JSON.stringify(this.#entries));
  }

  clear(): void {
    this.#entries = [];
    remember(NAME, undefined);
  }
}

function stored(): JournalEntry[] {
  try {
    const value: unknown = JSON.parse(recall(NAME) ?? "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // somebody changed it
  }
}
