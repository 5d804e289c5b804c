/**
 * Keeps the database small and quick, in steps too short to notice: it deletes some old rows at a time, gives free
 * pages back to the disk, and merges search indexes. One task runs at a time, and the event loop is free between two
 * steps.
 */

import { detailOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { isTransient } from "../process/machine.ts";
import type { Clock } from "../time/clock.ts";
import type { Store } from "./store.ts";

/** Does a bounded part of a task, some milliseconds long. Returns true when more is left. */
export type Step = () => boolean;

/** How many rows one step of pruning deletes. */
export const ROWS_PER_STEP = 200;
/** The pause between two steps, ms, for requests and messages. */
const PAUSE_MS = 20;
/** How often all of it is done, ms. */
const EVERY_MS = 3_600_000;
/** The first time after a start, ms: everything else goes first. */
const FIRST_AFTER_MS = 60_000;
/** Free pages that one step gives back (4 KB each). */
const PAGES_PER_STEP = 64;
/** Free pages that are kept for coming writes: growing a file is slower than using free pages. */
const SPARE_PAGES = 256;
/** Pages that one step of a merge writes (SQLite: FTS5, the `merge` command). */
const MERGED_PAGES = 16;

export class StoreUpkeep implements Disposable {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #work: Step[] = [];
  readonly #timers = new DisposableStack();
  #next: Disposable | undefined;

  constructor({ store, clock, log }: { store: Store; clock: Clock; log: Log }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Adds a task. It deletes by `clock.olderThan()`. */
  add(step: Step): void {
    this.#work.push(step);
  }

  /** Starts the upkeep: soon, and then every hour. */
  start(): void {
    const indexes = this.#store.all<{ name: string }>(
      "select name from sqlite_master where type = 'table' and sql like 'create virtual table%using fts5%'",
    );
    for (const { name } of indexes) this.add(mergeOf(this.#store, name));
    // Runs last, so that the space of deleted rows is given back at once.
    this.add(() => this.#giveBack());
    this.#timers.use(this.#clock.after(FIRST_AFTER_MS, () => this.#begin()));
    this.#timers.use(this.#clock.every(EVERY_MS, () => this.#begin()));
  }

  [Symbol.dispose](): void {
    this.#timers[Symbol.dispose]();
    this.#next?.[Symbol.dispose]();
  }

  #begin(): void {
    this.#next?.[Symbol.dispose]();
    this.#doAll([...this.#work]);
  }

  #doAll([step, ...later]: readonly Step[]): void {
    if (step === undefined) return;
    const left = this.#try(step) ? [step, ...later] : later;
    this.#next = this.#clock.after(PAUSE_MS, () => this.#doAll(left));
  }

  /** Runs one step. A failed task is tried again in an hour; trouble of the machine is reported elsewhere. */
  #try(step: Step): boolean {
    try {
      return step();
    } catch (error) {
      if (!isTransient(error)) this.#log.error("upkeep of the database failed", { error, detail: detailOf(error) });
      return false;
    }
  }

  /** Databases of earlier versions have no map of their pages, so free pages are reused but never given back. */
  #giveBack(): boolean {
    const { mode } = this.#store.get<{ mode: number }>("select auto_vacuum as mode from pragma_auto_vacuum")!;
    if (mode !== INCREMENTAL || this.#freePages() <= SPARE_PAGES) return false;
    this.#store.all(`pragma incremental_vacuum(${PAGES_PER_STEP})`);
    return this.#freePages() > SPARE_PAGES;
  }

  #freePages(): number {
    return this.#store.get<{ n: number }>("select freelist_count as n from pragma_freelist_count")!.n;
  }
}

/** The value of `pragma auto_vacuum` (sqlite.org/pragma.html#pragma_auto_vacuum). */
const INCREMENTAL = 2;

/** Merges a search index bit by bit; it is done when a step changes fewer than two rows (SQLite: FTS5, `merge`). */
function mergeOf(store: Store, table: string): Step {
  const changes = () => store.get<{ n: number }>("select total_changes() as n")!.n;
  return () => {
    const before = changes();
    store.run(`insert into ${table} (${table}, rank) values ('merge', ${MERGED_PAGES})`);
    return changes() - before >= 2;
  };
}
