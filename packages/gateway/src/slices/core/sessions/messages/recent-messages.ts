/**
 * The newest messages of conversations under way, kept as they were read. A run looks at all messages that its model may be
 * shown; those before its own have not changed since the run before, so only what is new is read from the table.
 */
import type { StoredMessage } from "./stored-message.ts";

/** A message with its place among all messages. */
export interface PlacedMessage {
  readonly place: number;
  readonly message: StoredMessage;
  /** What keeping it takes, roughly, bytes. */
  readonly bytes: number;
}

/** What is kept of a conversation. */
interface Kept {
  /** Oldest first, without gaps. */
  readonly messages: PlacedMessage[];
  /** All messages behind this place are there; undefined when older ones may have been left out. */
  wholeAfter?: number | undefined;
}

/** The table that the messages are in. */
export interface MessageTable {
  /** Whether what is read now may be taken back by a rollback. */
  readonly isInTransaction: boolean;
  /** At most `limit` messages of a session between two places, both exclusive, the newest first. */
  newestBetween(sessionId: string, between: { after: number; before: number; limit: number }): PlacedMessage[];
}

/** Of all conversations together; the one that was not read for longest goes first. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Messages that are read at once: the reader does not know how many are wanted. */
const PAGE = 200;

export class RecentMessages {
  readonly #table: MessageTable;
  readonly #maxBytes: number;
  /** Conversations by their session ids, the one read last at the end. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(table: MessageTable, { maxBytes = MAX_BYTES }: { maxBytes?: number } = {}) {
    this.#table = table;
    this.#maxBytes = maxBytes;
  }

  /**
   * Gives the messages of a session behind the place `after` to `take`, newest first, until that returns false. Only those
   * that were given are kept. A plain loop: a generator costs a long conversation as much as all else that is done with it.
   */
  backwards(sessionId: string, after: number, take: (message: StoredMessage) => boolean): void {
    // What a transaction has written so far is not kept: it may be rolled back.
    const kept: Kept = this.#table.isInTransaction ? { messages: [] } : this.#take(sessionId);
    const { messages } = kept;
    this.#readNewer(sessionId, kept, after);
    let at = messages.length;
    try {
      for (;;) {
        if (at === 0) at = this.#readOlder(sessionId, kept, after);
        const next = messages[--at];
        if (next === undefined || next.place <= after || !take(next.message)) return;
      }
    } finally {
      if (at > 0) {
        messages.splice(0, at);
        kept.wholeAfter = undefined;
      }
      if (!this.#table.isInTransaction) this.#keep(sessionId, kept);
    }
  }

  /** Forgets a conversation whose messages change in another way than by new ones at the end; all, when none is named. */
  forget(sessionId?: string): void {
    if (sessionId !== undefined) return void this.#take(sessionId);
    this.#kept.clear();
    this.#bytes = 0;
  }

  #readNewer(sessionId: string, kept: Kept, after: number): void {
    const { messages } = kept;
    const last = messages.at(-1);
    if (last === undefined || last.place < after) {
      // Without what is between them, old and new messages are no conversation.
      messages.splice(0);
      kept.wholeAfter = undefined;
      return;
    }
    const found: PlacedMessage[] = [];
    for (let before = Number.MAX_SAFE_INTEGER; ; before = found.at(-1)!.place) {
      const page = this.#table.newestBetween(sessionId, { after: last.place, before, limit: PAGE });
      found.push(...page);
      if (page.length < PAGE) break;
    }
    messages.push(...found.reverse());
  }

  /** Puts a page of older messages in front; returns how many there were. */
  #readOlder(sessionId: string, kept: Kept, after: number): number {
    if (kept.wholeAfter !== undefined && kept.wholeAfter <= after) return 0;
    const { messages } = kept;
    const before = messages[0]?.place ?? Number.MAX_SAFE_INTEGER;
    const page = this.#table.newestBetween(sessionId, { after, before, limit: PAGE });
    messages.unshift(...page.reverse());
    if (page.length < PAGE) kept.wholeAfter = after;
    return page.length;
  }

  /** What is kept of a conversation, which is then no longer kept. */
  #take(sessionId: string): Kept {
    const kept = this.#kept.get(sessionId) ?? { messages: [] };
    this.#kept.delete(sessionId);
    this.#bytes -= bytesOf(kept.messages);
    return kept;
  }

  #keep(sessionId: string, kept: Kept): void {
    this.#take(sessionId);
    this.#kept.set(sessionId, kept);
    this.#bytes += bytesOf(kept.messages);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#take(oldest);
    }
  }
}

function bytesOf(messages: readonly PlacedMessage[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, 0);
}
