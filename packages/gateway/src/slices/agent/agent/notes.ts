/** Notes that people leave with the built-in agent. */

import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";

export interface Note {
  readonly id: number;
  readonly at: number;
  readonly text: string;
  /** The peer who left the note, as "channel:id"; null for the owner. */
  readonly guest: string | null;
}

const MAX_LISTED = 100;

export class Notes {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** Adds a note. A run that is repeated after a crash finds its note. */
  add(runId: string, text: string, guest?: string): Note {
    this.#store.run(
      "insert or ignore into notes (run_id, at, text, guest) values (?, ?, ?, ?)",
      ...[runId, this.#clock.now(), text, guest ?? null],
    );
    return this.#store.get<Note>("select id, at, text, guest from notes where run_id = ?", runId)!;
  }

  /** The newest notes that contain the words, oldest first; a peer's are those that they left themselves. */
  list(words = "", guest?: string): Note[] {
    const like = `%${words.trim().replace(/[\\%_]/g, "\\$&")}%`;
    const newest = `select id, at, text, guest from notes
      where text like ?1 escape '\\' and (?2 is null or guest = ?2) order by id desc limit ${MAX_LISTED}`;
    return this.#store.all<Note>(newest, like, guest ?? null).reverse();
  }

  /** The note that was removed, or undefined when there is none of that number. */
  remove(id: number, guest?: string): Note | undefined {
    return this.#store.get<Note>(
      "delete from notes where id = ?1 and (?2 is null or guest = ?2) returning id, at, text, guest",
      ...[id, guest ?? null],
    );
  }
}
