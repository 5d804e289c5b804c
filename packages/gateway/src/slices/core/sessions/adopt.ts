/**
 * Takes in conversations that another gateway has kept: with their own times, behind or before what was said here. Called
 * before the gateway starts, so nobody watches.
 */

import { sha256Hex } from "../../../base/ids.ts";
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { agentIdOf } from "./key.ts";
import type { NewMessage } from "./messages/stored-message.ts";
import type { Transcript } from "./messages/transcript.ts";

/** A message with the time at which it was said, epoch ms, and its id where it comes from. */
export interface AdoptedMessage {
  readonly id: string;
  readonly at: number;
  readonly message: NewMessage;
}

export interface AdoptedTranscript {
  readonly id: string;
  readonly reason: string | undefined;
  readonly isCurrent: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly label: string | undefined;
  readonly tokens: { readonly input: number; readonly output: number; readonly total: number } | undefined;
  readonly messages: readonly AdoptedMessage[];
}

/** What was added for one key. */
export interface Adopted {
  readonly key: string;
  readonly messages: number;
  /** The transcripts that got messages. */
  readonly sessionIds: readonly string[];
  /** Whether the conversation itself is new. */
  readonly isNew: boolean;
}

const ID_PREFIX = "imported-";
const REASONS: ReadonlySet<string> = new Set(["new", "reset", "idle", "daily"]);

export class Adoption {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #transcript: Transcript;

  constructor(options: { store: Store; clock: Clock; transcript: Transcript }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#transcript = options.transcript;
  }

  /** Whether a message of a transcript was taken in before. */
  knows(transcriptId: string, messageId: string): boolean {
    const id = idOf(transcriptId, messageId);
    return this.#store.get("select 1 from messages where id = ?", id) !== undefined;
  }

  /**
   * Adds the transcripts of a canonical key, the oldest first. What is known already is passed over. Where people have
   * spoken under that key here, their transcript stays the current one, and these come before it.
   */
  adopt(key: string, transcripts: readonly AdoptedTranscript[]): Adopted {
    return this.#store.transaction(() => {
      const row = this.#store.get<{ sessionId: string }>(
        "select session_id as sessionId from sessions where key = ?",
        key,
      );
      const isSpoken = row !== undefined && this.#hasOwn(key);
      const fresh = transcripts.map((transcript) => ({
        transcript,
        messages: transcript.messages.filter(({ id }) => !this.knows(transcript.id, id)),
      }));
      const count = fresh.reduce((sum, { messages }) => sum + messages.length, 0);
      // Readers follow the order of `seq`: what is older than all that is here gets numbers below.
      let seq = isSpoken ? this.#lowest() - count : this.#highest() + 1;
      for (const { transcript, messages } of fresh)
        for (const { id, at, message } of messages)
          this.#transcript.takeIn(
            { key, sessionId: transcript.id },
            { seq: seq++, id: idOf(transcript.id, id), at, message: renamed(message, transcript.id) },
          );
      for (const transcript of transcripts.slice(1)) this.#begin(key, transcript.id, transcript);
      const current = transcripts.findLast(({ isCurrent }) => isCurrent) ?? transcripts.at(-1);
      if (isSpoken && count > 0) this.#begin(key, row.sessionId, { createdAt: this.#clock.now(), reason: "reset" });
      if (!isSpoken && current && count > 0) this.#makeCurrent(key, current);
      const sessionIds = fresh.filter(({ messages }) => messages.length > 0).map(({ transcript }) => transcript.id);
      return { key, messages: count, sessionIds, isNew: row === undefined && count > 0 };
    });
  }

  /** Takes out what `adopt` has added; messages that came later stay. A conversation without any goes. */
  remove({ key, sessionIds, isNew }: Pick<Adopted, "key" | "sessionIds" | "isNew">): number {
    return this.#store.transaction(() => {
      let removed = 0;
      for (const id of sessionIds) {
        removed += this.#transcript.takeOut({ key, sessionId: id }, ID_PREFIX);
        this.#store.run("delete from beginnings where session_id = ? and session_key = ?", id, key);
      }
      const isEmpty = this.#store.get("select 1 from messages where session_key = ?", key) === undefined;
      if (isNew && isEmpty) this.#store.run("delete from sessions where key = ?", key);
      return removed;
    });
  }

  /** Whether something was said under a key here. */
  #hasOwn(key: string): boolean {
    const sql = "select 1 from messages where session_key = ? and id not like ? limit 1";
    return this.#store.get(sql, key, `${ID_PREFIX}%`) !== undefined;
  }

  #lowest(): number {
    return Math.min(0, this.#store.get<{ seq: number | null }>("select min(seq) as seq from messages")?.seq ?? 0);
  }

  #highest(): number {
    return Math.max(0, this.#store.get<{ seq: number | null }>("select max(seq) as seq from messages")?.seq ?? 0);
  }

  #begin(key: string, id: string, { createdAt, reason }: Pick<AdoptedTranscript, "createdAt" | "reason">): void {
    const why = reason !== undefined && REASONS.has(reason) ? reason : "reset";
    this.#store.run(
      "insert or ignore into beginnings (session_id, session_key, at, reason) values (?, ?, ?, ?)",
      ...[id, key, createdAt, why],
    );
  }

  #makeCurrent(key: string, { id, label, tokens, createdAt, updatedAt }: AdoptedTranscript): void {
    const isTaken =
      label !== undefined && this.#store.get("select 1 from sessions where label = ? and key <> ?", label, key);
    this.#store.run(
      ...insertInto(
        "sessions",
        {
          ...{ key, session_id: id, agent_id: agentIdOf(key), label: isTaken ? undefined : label },
          input_tokens: tokens?.input ?? 0,
          output_tokens: tokens?.output ?? 0,
          total_tokens: tokens?.total ?? 0,
          created_at: createdAt,
          updated_at: updatedAt,
        },
        `on conflict (key) do update set session_id = excluded.session_id,
           updated_at = max(updated_at, excluded.updated_at)`,
      ),
    );
  }
}

/** The id that a message has here. One message has one id, however often it is taken in. */
function idOf(transcriptId: string, messageId: string): string {
  return `${ID_PREFIX}${sha256Hex(`${transcriptId}\n${messageId}`).slice(0, 32)}`;
}

/** A summary names the last message that it stands for, by its id there. */
function renamed(message: NewMessage, transcriptId: string): NewMessage {
  const to = message.details?.to;
  if (message.details?.kind !== "compaction" || typeof to !== "string") return message;
  return { ...message, details: { ...message.details, to: idOf(transcriptId, to) } };
}
