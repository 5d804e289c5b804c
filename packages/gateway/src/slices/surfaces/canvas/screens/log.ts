/**
 * The log of what canvases showed: pushes, resets and edits of files, each an entry of a conversation. What is shown at any
 * entry is drawn from the last entry that began anew, and the pushes since. Nothing is ever changed but that an entry is
 * marked as taken back.
 */
import { insertInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Clock } from "../../../../base/time/clock.ts";

/** `base` stands for older entries that were folded into one: its body is the screen. */
export type EntryKind = "push" | "reset" | "edit" | "undo" | "base";
/** How an edit of a file is taken back. */
export type Restores = "text" | "remove" | "none";
/** Who did it. */
export type Author = "agent" | "person" | "gateway";

export interface Entry {
  readonly seq: number;
  readonly at: number;
  readonly sessionKey: string;
  readonly kind: EntryKind;
  readonly author: Author;
  /** Of a push the messages as they came, of a base those that draw the screen, of an edit the difference. */
  readonly body: string;
  readonly path: string | undefined;
  /** Of an edit: the text before, where it is kept. */
  readonly before: string | undefined;
  readonly restores: Restores | undefined;
  readonly bytes: number;
  /** On how many nodes a push was shown. */
  readonly shownOn: number;
  readonly undoneBy: number | undefined;
}

export type NewEntry = Pick<Entry, "sessionKey" | "kind" | "author" | "body"> &
  Partial<Pick<Entry, "path" | "before" | "restores">>;

interface Row extends Omit<Entry, "path" | "before" | "restores" | "undoneBy"> {
  readonly path: string | null;
  readonly before: string | null;
  readonly restores: Restores | null;
  readonly undoneBy: number | null;
}

/** Of one conversation; older entries are folded into one. */
export const MAX_ENTRIES = 1_000;
export const MAX_BYTES = 16 * 1024 * 1024;
/** Folding is done for many entries at a time. */
const FOLD_TO = 0.8;

const COLUMNS =
  "seq, at, session_key as sessionKey, kind, author, body, path, before, restores, bytes, shown_on as shownOn, undone_by as undoneBy";

export class SurfaceLog {
  readonly #store: Store;
  readonly #clock: Pick<Clock, "now">;

  constructor({ store, clock }: { store: Store; clock: Pick<Clock, "now"> }) {
    this.#store = store;
    this.#clock = clock;
  }

  add({ sessionKey, kind, author, body, path, before, restores }: NewEntry): Entry {
    const at = this.#clock.now();
    const bytes = Buffer.byteLength(body) + Buffer.byteLength(before ?? "");
    const { lastInsertRowid } = this.#store.run(
      ...insertInto("canvas_log", {
        session_key: sessionKey,
        ...{ at, kind, author, body, path, before, restores, bytes },
      }),
    );
    return this.entry(Number(lastInsertRowid))!;
  }

  entry(seq: number): Entry | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from canvas_log where seq = ?`, seq);
    return row && toEntry(row);
  }

  /** The newest entries of a conversation before `before`, oldest first. */
  page(sessionKey: string, { limit, before }: { limit: number; before?: number | undefined }): Entry[] {
    const rows = this.#store.all<Row & Record<string, unknown>>(
      `select ${COLUMNS} from canvas_log where session_key = ? and seq < ? order by seq desc limit ?`,
      ...[sessionKey, before ?? Number.MAX_SAFE_INTEGER, limit],
    );
    return rows.reverse().map(toEntry);
  }

  /** The entries that draw the screen as it was after `at`: from the last that began anew. */
  drawing(sessionKey: string, at: number): Entry[] {
    const holds = "session_key = ? and seq <= ? and (undone_by is null or undone_by > ?)";
    const first = this.#store.get<{ seq: number }>(
      `select seq from canvas_log where ${holds} and kind in ('reset', 'base') order by seq desc limit 1`,
      ...[sessionKey, at, at],
    );
    const rows = this.#store.all<Row & Record<string, unknown>>(
      `select ${COLUMNS} from canvas_log where ${holds} and seq >= ? and kind in ('push', 'reset', 'base') order by seq`,
      ...[sessionKey, at, at, first?.seq ?? 0],
    );
    return rows.map(toEntry);
  }

  /** The newest entry that can be taken back. */
  newestUndoable(sessionKey: string): Entry | undefined {
    const row = this.#store.get<Row & Record<string, unknown>>(
      `select ${COLUMNS} from canvas_log where session_key = ? and kind in ('push', 'reset', 'edit') and undone_by is null
       order by seq desc limit 1`,
      sessionKey,
    );
    return row && toEntry(row);
  }

  markUndone(seq: number, undoneBy: number): void {
    this.#store.run("update canvas_log set undone_by = ? where seq = ?", undoneBy, seq);
  }

  markShown(seq: number, nodes: number): void {
    this.#store.run("update canvas_log set shown_on = shown_on + ? where seq = ?", nodes, seq);
  }

  /** The number of the newest entry; 0 when there is none. */
  newest(sessionKey: string): number {
    const row = this.#store.get<{ seq: number | null }>(
      "select max(seq) as seq from canvas_log where session_key = ?",
      sessionKey,
    );
    return row?.seq ?? 0;
  }

  /** The conversation that has shown something last. */
  lastShown(): string | undefined {
    return this.#store.get<{ sessionKey: string }>(
      "select session_key as sessionKey from canvas_log where kind in ('push', 'reset') order by seq desc limit 1",
    )?.sessionKey;
  }

  /** Deletes everything of a conversation. */
  forget(sessionKey: string): void {
    this.#store.run("delete from canvas_log where session_key = ?", sessionKey);
  }

  /** Which entry is the last that must go, so that there is room again; undefined when there is. */
  overflow(sessionKey: string): number | undefined {
    const sizes = this.#store.all<{ seq: number; bytes: number }>(
      "select seq, bytes from canvas_log where session_key = ? order by seq desc",
      sessionKey,
    );
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    if (sizes.length <= MAX_ENTRIES && total <= MAX_BYTES) return undefined;
    let count = 0;
    let bytes = 0;
    for (const each of sizes) {
      count++;
      bytes += each.bytes;
      // The newest entry always stays.
      if (count > 1 && (count > MAX_ENTRIES * FOLD_TO || bytes > MAX_BYTES * FOLD_TO)) return each.seq;
    }
    return undefined;
  }

  /** Puts one entry, with the screen after it, in the place of all entries up to `seq`. */
  fold(sessionKey: string, seq: number, screen: string): void {
    this.#store.transaction(() => {
      this.#store.run("delete from canvas_log where session_key = ? and seq < ?", sessionKey, seq);
      this.#store.run(
        `update canvas_log set kind = 'base', author = 'gateway', body = ?, path = null, before = null, bytes = ?,
         undone_by = null where seq = ?`,
        ...[screen, Buffer.byteLength(screen), seq],
      );
    });
  }
}

function toEntry({ path, before, restores, undoneBy, ...row }: Row): Entry {
  const optional = { path: path ?? undefined, before: before ?? undefined, restores: restores ?? undefined };
  return { ...row, ...optional, undoneBy: undoneBy ?? undefined };
}

/** The messages in the body of a push or a base. */
export function messagesIn({ body }: Pick<Entry, "body">): readonly unknown[] {
  return stored<readonly unknown[]>(body);
}
