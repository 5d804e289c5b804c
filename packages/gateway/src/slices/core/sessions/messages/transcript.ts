/** The transcript: an append-only list of messages for each session, searchable by word. */

import type { Static } from "@sinclair/typebox";
import { newId } from "../../../../base/ids.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Media } from "../media.ts";
import type { Message, SearchMatch } from "../schema.ts";
import { bodyOf } from "./message-body.ts";
import { MessageSearch } from "./message-search.ts";
import { tableIn } from "./message-table.ts";
import { Previews } from "./previews.ts";
import { RecentMessages } from "./recent-messages.ts";
import { MESSAGE, type MessageRow, type NewMessage, type StoredMessage, textOf, toMessage } from "./stored-message.ts";
import { WireMessages } from "./wire-messages.ts";

/** A message of another gateway, with its place in the order of all messages. */
interface Foreign {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly message: NewMessage;
}

interface MovedRow {
  readonly id: string;
  readonly key: string;
  readonly sessionId: string;
  readonly role: string;
  readonly at: number;
  readonly text: string;
  readonly body: string;
  readonly archivedAt: number | null;
}

export class Transcript {
  /** Called for every new message, before the surrounding transaction ends. */
  onAppend: ((session: { key: string; sessionId: string }, message: StoredMessage) => void) | undefined;
  /** The beginnings of messages. */
  readonly previews: Previews;
  /** Messages as the wire says them. */
  readonly wire: WireMessages;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #media: Media;
  readonly #recent: RecentMessages;
  readonly #search: MessageSearch;

  constructor(options: { store: Store; clock: Clock; media: Media }) {
    this.#store = options.store;
    this.previews = new Previews(options.store);
    this.#clock = options.clock;
    this.#media = options.media;
    this.wire = new WireMessages(options.media);
    this.#recent = new RecentMessages(tableIn(options.store));
    this.#search = new MessageSearch(options.store);
  }

  /** Adds a message; it is on disk when the surrounding transaction has ended. */
  append(session: { key: string; sessionId: string }, message: NewMessage): StoredMessage {
    const { role, runId, ...body } = message;
    const stored = { ...message, id: newId(), at: this.#clock.now() };
    // People do not search for tool results.
    const text = role === "toolResult" ? "" : textOf(message.content);
    // Use `returning`: the search table's trigger inserts rows of its own, so `last_insert_rowid` would be wrong.
    const { seq } = this.#store.get<{ seq: number }>(
      ...insertInto(
        "messages",
        {
          ...{ id: stored.id, session_key: session.key, session_id: session.sessionId },
          ...{ run_id: runId, role, at: stored.at, text, body: bodyOf(body, text) },
        },
        "returning seq",
      ),
    )!;
    for (const part of message.content) {
      if (part.type === "image") this.#store.run("insert or ignore into message_media values (?, ?)", seq, part.sha256);
    }
    this.onAppend?.(session, stored);
    return stored;
  }

  /** Adds a message of another gateway with its own id, time and place in the order; watchers are not told. */
  takeIn(session: { key: string; sessionId: string }, { seq, id, at, message }: Foreign): void {
    this.#recent.forget();
    const { role, runId: _runId, ...body } = message;
    const text = role === "toolResult" ? "" : textOf(message.content);
    this.#store.run(
      ...insertInto("messages", {
        ...{ seq, id, session_key: session.key, session_id: session.sessionId },
        ...{ role, at, text, body: bodyOf(body, text) },
      }),
    );
    for (const part of message.content)
      if (part.type === "image") this.#store.run("insert or ignore into message_media values (?, ?)", seq, part.sha256);
  }

  /** Removes the messages of a transcript whose ids begin like this; returns how many. */
  takeOut(session: { key: string; sessionId: string }, idPrefix: string): number {
    this.#recent.forget();
    return this.#store.run(
      "delete from messages where session_key = ? and session_id = ? and id like ?",
      ...[session.key, session.sessionId, `${idPrefix}%`],
    ).changes;
  }

  /** The last `limit` messages, oldest first. */
  last(sessionId: string, limit: number): StoredMessage[] {
    const rows = this.#store.all<MessageRow>(
      `select ${MESSAGE} from messages
       where session_id = ? and archived_at is null order by seq desc limit ?`,
      sessionId,
      limit,
    );
    return rows.reverse().map(toMessage);
  }

  /**
   * The newest messages, oldest first. Reads backwards until `goesOn` returns false for a message, which is the first
   * of the answer. Never more than `limit`, and only messages after `afterId` if that still exists.
   */
  backwards(
    sessionId: string,
    {
      afterId,
      limit,
      goesOn,
    }: { afterId?: string | undefined; limit: number; goesOn: (message: StoredMessage) => boolean },
  ): StoredMessage[] {
    const after = (afterId === undefined ? undefined : this.placeOf(afterId)) ?? 0;
    const read: StoredMessage[] = [];
    this.#recent.backwards(sessionId, after, (message) => read.push(message) < limit && goesOn(message));
    return read.reverse();
  }

  /** The newest entry of a kind that the gateway made itself, as its details name it. */
  newestOf(sessionId: string, kind: string): StoredMessage | undefined {
    const row = this.#store.get<MessageRow>(
      `select ${MESSAGE} from messages
       where session_id = ? and role = 'system' and archived_at is null and json_extract(body, '$.details.kind') = ?
       order by seq desc limit 1`,
      sessionId,
      kind,
    );
    return row && toMessage(row);
  }

  /** Removes one message from the conversation; it stays searchable. */
  archive(id: string): void {
    this.#recent.forget();
    this.#store.run("update messages set archived_at = ? where id = ? and archived_at is null", this.#clock.now(), id);
  }

  /** The messages of one run in a session, oldest first. */
  ofRun(sessionId: string, runId: string): StoredMessage[] {
    return this.#store
      .all<MessageRow>(
        `select ${MESSAGE} from messages
         where run_id = ? and session_id = ? and archived_at is null order by seq`,
        runId,
        sessionId,
      )
      .map(toMessage);
  }

  /**
   * The last messages in the wire's form: at most `limit`, and at most 6 MiB of JSON; the oldest are left out first.
   * Reasoning is left out unless `thinking` asks for it.
   */
  history(sessionId: string, limit: number, { thinking = false }: { thinking?: boolean } = {}): Message[] {
    const shown = this.last(sessionId, limit).map((stored) =>
      thinking ? stored : { ...stored, content: stored.content.filter(({ type }) => type !== "thinking") },
    );
    return this.wire.within(shown);
  }

  /** A message as its row says it. */
  read(row: MessageRow): StoredMessage {
    return toMessage(row);
  }

  /** Messages of all sessions that hold the words, the best of the newest ones first. See `MessageSearch.find`. */
  async search(
    query: string,
    limit: number,
    options: { exceptRun?: string } = {},
  ): Promise<Static<typeof SearchMatch>[]> {
    return await this.#search.find(query, limit, options);
  }

  /** When the newest message of a session was said. */
  lastAt(sessionId: string): number | undefined {
    return this.#store.get<{ at: number }>(
      `select at from messages where session_id = ? and archived_at is null and coalesce(run_id, '') not like 'beat-%'
       order by seq desc limit 1`,
      sessionId,
    )?.at;
  }

  /** The position of a message among all messages; undefined when the id is unknown. */
  placeOf(id: string): number | undefined {
    return this.#store.get<{ seq: number }>("select seq from messages where id = ?", id)?.seq;
  }

  /** How many messages a session shows. */
  count(sessionId: string): number {
    return (
      this.#store.get<{ n: number }>(
        "select count(*) as n from messages where session_id = ? and archived_at is null",
        sessionId,
      )?.n ?? 0
    );
  }

  /** Removes all but the last `keep` messages from the conversation; they stay searchable. Returns how many. */
  archiveAllBut(sessionId: string, keep: number): number {
    this.#recent.forget(sessionId);
    return this.#store.run(
      `update messages set archived_at = ? where session_id = ? and archived_at is null and seq not in (
         select seq from messages where session_id = ? and archived_at is null order by seq desc limit ?)`,
      this.#clock.now(),
      sessionId,
      sessionId,
      keep,
    ).changes;
  }

  /** Removes the messages of a run from the conversation; they stay searchable. */
  archiveRun(sessionId: string, runId: string): void {
    this.#recent.forget(sessionId);
    this.#store.run(
      "update messages set archived_at = ? where run_id = ? and session_id = ? and archived_at is null",
      ...[this.#clock.now(), runId, sessionId],
    );
  }

  /** Removes the messages between two positions, both included, from the conversation at `at`; they stay searchable. */
  archiveBetween(sessionId: string, { first, last, at }: { first: number; last: number; at: number }): void {
    this.#recent.forget(sessionId);
    this.#store.run(
      "update messages set archived_at = ? where session_id = ? and seq between ? and ? and archived_at is null",
      ...[at, sessionId, first, last],
    );
  }

  /** The positions of the messages of runs in a session, oldest first. */
  placesOf(sessionId: string, runIds: readonly string[]): number[] {
    const places = runIds.flatMap((runId) =>
      this.#store.all<{ seq: number }>(
        "select seq from messages where run_id = ? and session_id = ?",
        runId,
        sessionId,
      ),
    );
    return places.map(({ seq }) => seq).sort((a, b) => a - b);
  }

  /** Whether a position is the last of its session. */
  isLast(sessionId: string, place: number): boolean {
    return !this.#store.get("select 1 from messages where session_id = ? and seq > ? limit 1", sessionId, place);
  }

  /** Moves messages to the end, in this order, as messages of a run. */
  moveToEnd(places: readonly number[], runId: string): void {
    for (const place of places) this.#moveToEnd(place, runId);
  }

  #moveToEnd(seq: number, runId: string): void {
    const files = this.#store.all<{ sha256: string }>("select sha256 from message_media where seq = ?", seq);
    const row = this.#store.get<MovedRow>(
      "delete from messages where seq = ? returning id, session_key as key, session_id as sessionId, role, at, text, body, archived_at as archivedAt",
      seq,
    )!;
    const { seq: moved } = this.#store.get<{ seq: number }>(
      ...insertInto(
        "messages",
        {
          ...{ id: row.id, session_key: row.key, session_id: row.sessionId, run_id: runId },
          ...{ role: row.role, at: row.at, text: row.text, body: row.body, archived_at: row.archivedAt },
        },
        "returning seq",
      ),
    )!;
    this.#recent.forget(row.sessionId);
    for (const { sha256 } of files) this.#store.run("insert or ignore into message_media values (?, ?)", moved, sha256);
  }

  /** Deletes everything that was ever said under a key, pictures too unless another message shows them. */
  deleteAll(key: string): void {
    const files = this.#store.all<{ sha256: string }>(
      "select distinct sha256 from message_media join messages using (seq) where session_key = ?",
      key,
    );
    this.#store.run("delete from messages where session_key = ?", key);
    // Places of deleted messages may be given to new ones.
    this.#recent.forget();
    for (const { sha256 } of files) {
      if (!this.#store.get("select 1 from message_media where sha256 = ? limit 1", sha256)) this.#media.remove(sha256);
    }
  }
}
