/**
 * Everything that was ever said under one key, across resets, page by page: where each transcript begins and why, and the
 * branches, which are messages that other ones replace. For readers; the agent sees the current transcript.
 */
import type { Static } from "@sinclair/typebox";
import { invalidRequest } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Beginning, BranchRow, PastPage } from "../schema.ts";
import type { MessageRow, StoredMessage } from "./stored-message.ts";
import type { Transcript } from "./transcript.ts";

/** Which messages a page holds: those before or after a message, or those around it; the newest when none is named. */
export interface PageRequest {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly around?: string | undefined;
  readonly branch?: string | undefined;
  readonly limit: number;
}

/** Why a transcript began. */
export type BeginReason = "new" | "reset" | "idle" | "daily";

interface Placed extends MessageRow {
  readonly seq: number;
  readonly sessionId: string;
}

interface Branch {
  readonly id: string;
  readonly sessionId: string;
  readonly at: number;
  readonly instead: string;
  readonly messages: number;
}

const PLACED = "seq, session_id as sessionId, id, role, at, run_id as runId, text, body";

/** What is in no branch and no undone summary. What was left out or compacted away is still read. */
const IN_LINE = `(archived_at is null or (role <> 'system' and not exists (
  select 1 from branches where branches.session_id = messages.session_id
    and messages.seq between first_seq and last_seq and messages.archived_at = branches.at)))`;

/** The newest branches of a conversation that are listed, at most. */
const MAX_BRANCHES = 200;

export class Past {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #transcript: Transcript;

  constructor(options: { store: Store; clock: Clock; transcript: Transcript }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#transcript = options.transcript;
  }

  /** Notes that a transcript begins behind another one of its key. */
  begin(key: string, sessionId: string, reason: BeginReason): void {
    this.#store.run(
      "insert or ignore into beginnings (session_id, session_key, at, reason) values (?, ?, ?, ?)",
      ...[sessionId, key, this.#clock.now(), reason],
    );
  }

  /**
   * One page, oldest message first. `current` is the transcript of now; the page says how it began, though it may hold
   * nothing of it. Throws `INVALID_REQUEST` for a message or a branch that is not one of the key's.
   */
  page(key: string, current: string | undefined, request: PageRequest): Static<typeof PastPage> {
    const { rows, hasOlder, hasNewer } = this.#rows(key, request);
    const kept = this.#transcript.wire.within(rows.map((row) => this.#transcript.read(row)));
    const left = rows.length - kept.length;
    const shown = rows.slice(left);
    const ids = [...new Set(shown.map(({ sessionId }) => sessionId))];
    return {
      ...(current !== undefined && { current: this.#beginningOf(current) }),
      transcripts: ids.map((sessionId) => ({
        ...this.#beginningOf(sessionId),
        messages: kept.filter((_message, index) => shown[index]?.sessionId === sessionId),
      })),
      branches: request.branch === undefined ? this.#branchesOf(key) : [],
      hasOlder: hasOlder || left > 0,
      hasNewer,
    };
  }

  /**
   * Takes a message of a person and all that followed it out of the conversation, as a branch in whose place the message of
   * the run `instead` stands. Call it in the transaction that adds that message.
   */
  branchOff(sessionId: string, key: string, messageId: string, instead: string): void {
    const first = this.#transcript.placeOf(messageId);
    const last = this.#store.get<{ seq: number }>(
      "select max(seq) as seq from messages where session_id = ?",
      sessionId,
    )?.seq;
    const at = this.#clock.now();
    this.#store.run(
      ...insertInto("branches", {
        ...{ id: newId(), session_key: key, session_id: sessionId },
        ...{ at, first_seq: first, last_seq: last, instead },
      }),
    );
    this.#transcript.archiveBetween(sessionId, { first: first!, last: last!, at });
  }

  /** A message of the current transcript that a person wrote, by its id. Throws `INVALID_REQUEST` when it is none. */
  question(sessionId: string, messageId: string): StoredMessage {
    const row = this.#store.get<MessageRow>(
      `select ${PLACED} from messages where id = ? and session_id = ? and role = 'user' and archived_at is null`,
      ...[messageId, sessionId],
    );
    if (row) return this.#transcript.read(row);
    throw invalidRequest(
      "messageId names no message of a person in the conversation as it is now; fetch chat.history again",
    );
  }

  /** Forgets what is kept of a key beside its messages. */
  deleteAll(key: string): void {
    this.#store.run("delete from beginnings where session_key = ?", key);
    this.#store.run("delete from branches where session_key = ?", key);
  }

  #rows(
    key: string,
    { before, after, around, branch, limit }: PageRequest,
  ): { rows: Placed[]; hasOlder: boolean; hasNewer: boolean } {
    if (branch !== undefined) return { rows: this.#branchRows(key, branch), hasOlder: false, hasNewer: false };
    if (around !== undefined) return this.#around(key, this.#place(key, around), limit);
    if (after !== undefined) {
      const place = this.#place(key, after);
      const rows = this.#newer(key, place, limit + 1);
      return { rows: rows.slice(0, limit), hasOlder: true, hasNewer: rows.length > limit };
    }
    const place = before === undefined ? Number.MAX_SAFE_INTEGER : this.#place(key, before);
    const rows = this.#older(key, place, limit + 1);
    return { rows: rows.slice(-limit), hasOlder: rows.length > limit, hasNewer: before !== undefined };
  }

  /** A message that was taken into a branch is shown with what is around its place. */
  #around(key: string, place: number, limit: number): { rows: Placed[]; hasOlder: boolean; hasNewer: boolean } {
    const half = Math.max(1, Math.floor(limit / 2));
    const older = this.#older(key, place, half + 1);
    const newer = this.#newer(key, place - 1, half + 1);
    return {
      rows: [...older.slice(-half), ...newer.slice(0, half)],
      hasOlder: older.length > half,
      hasNewer: newer.length > half,
    };
  }

  #older(key: string, before: number, limit: number): Placed[] {
    const sql = `select ${PLACED} from messages where session_key = ? and seq < ? and ${IN_LINE} order by seq desc limit ?`;
    return this.#store.all<Placed>(sql, key, before, limit).reverse();
  }

  #newer(key: string, after: number, limit: number): Placed[] {
    const sql = `select ${PLACED} from messages where session_key = ? and seq > ? and ${IN_LINE} order by seq limit ?`;
    return this.#store.all<Placed>(sql, key, after, limit);
  }

  #branchRows(key: string, id: string): Placed[] {
    const rows = this.#store.all<Placed>(
      `select ${PLACED} from messages where seq in (
         select messages.seq from branches join messages on messages.session_id = branches.session_id
           and messages.seq between first_seq and last_seq and messages.archived_at = branches.at
         where branches.id = ? and branches.session_key = ?
       ) order by seq`,
      ...[id, key],
    );
    if (rows.length > 0) return rows;
    throw invalidRequest("branch names none of this conversation; fetch the page again");
  }

  #place(key: string, messageId: string): number {
    const row = this.#store.get<{ seq: number }>(
      "select seq from messages where id = ? and session_key = ?",
      messageId,
      key,
    );
    if (row) return row.seq;
    throw invalidRequest("the message that is named is not in this conversation; it may have been deleted");
  }

  #beginningOf(sessionId: string): Static<typeof Beginning> {
    const row = this.#store.get<{ at: number; reason: BeginReason }>(
      "select at, reason from beginnings where session_id = ?",
      sessionId,
    );
    return { sessionId, ...(row && { beganAt: row.at, reason: row.reason }) };
  }

  #branchesOf(key: string): Static<typeof BranchRow>[] {
    return this.#store.all<Branch>(
      `select id, session_id as sessionId, at, instead, (
         select count(*) from messages where messages.session_id = branches.session_id
           and messages.seq between first_seq and last_seq and messages.archived_at = branches.at
       ) as messages
       from branches where session_key = ? order by at desc limit ?`,
      ...[key, MAX_BRANCHES],
    );
  }
}
