/** The outbox: every message to a platform, stored before it is sent, with its state. */

import { randomBytes } from "node:crypto";
import { invalidRequest } from "../../../../../base/errors.ts";
import { insertInto, named } from "../../../../../base/store/statement.ts";
import type { Store } from "../../../../../base/store/store.ts";
import type { Clock } from "../../../../../base/time/clock.ts";
import type { ChatRef } from "../../../../../kit/party.ts";
import type { AccountKey } from "../../in/inbox/inbox-rows.ts";
import { OutboxAges } from "./outbox-ages.ts";
import { OutboxEntries } from "./outbox-entries.ts";
import {
  COLUMNS,
  IS_OPEN,
  type OutboxRow,
  type PartState,
  type Payload,
  type Row,
  toOutboxRow,
} from "./outbox-rows.ts";

export interface NewOutbound extends AccountKey {
  readonly chat: ChatRef;
  /** The origin: `run:ID`, `send:WHO:KEY`, `pairing:…`. Each origin and part is stored once. */
  readonly origin: string;
  readonly part?: number;
  readonly payload: Payload;
  readonly sessionKey?: string | undefined;
  readonly ttlMs: number;
}

/** A target in another form than the platform's own: "@name", "user:123". */
const NAMED_TARGET = /^(?:@|user:)/;
export class Outbox {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Messages as the wire says them. */
  readonly entries: OutboxEntries;
  /** How long messages wait and are kept. */
  readonly ages: OutboxAges;
  readonly #guard: (text: string) => string;

  /** `guard` takes secrets out of a text that leaves. */
  constructor(options: { store: Store; clock: Clock; guard: (text: string) => string }) {
    this.#guard = options.guard;
    this.#store = options.store;
    this.entries = new OutboxEntries(options.store);
    this.ages = new OutboxAges(options.store, options.clock);
    this.#clock = options.clock;
  }

  /** Stores a message, unless this origin and part is stored already. */
  add({ channel, account, chat, origin, part = 0, payload, sessionKey, ttlMs }: NewOutbound): void {
    const state = payload.content.kind === "markdown" ? "composing" : "queued";
    this.#store.run(
      ...insertInto(
        "outbox",
        {
          client_id: newClientId(),
          ...{ channel, account, origin, part, state },
          chat: chat.id,
          thread: chat.threadId,
          payload: this.#textOf(payload),
          session_key: sessionKey,
          queued_at: this.#clock.now(),
          expires_at: this.#clock.steadyNow() + ttlMs,
        },
        "on conflict (origin, part) do nothing",
      ),
    );
  }

  get(id: number): OutboxRow | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from outbox where id = ?`, id);
    return row && toOutboxRow(row);
  }

  /** All parts of an origin, in order. */
  of(origin: string): OutboxRow[] {
    return this.#store
      .all<Row>(`select ${COLUMNS} from outbox where origin = ? order by part`, origin)
      .map(toOutboxRow);
  }

  /** Whether there is any part of an origin. */
  has(origin: string): boolean {
    return this.#store.get("select 1 from outbox where origin = ? limit 1", origin) !== undefined;
  }

  /** The state of each part of an origin, in order. */
  statesOf(origin: string): PartState[] {
    return this.#store
      .all<Record<keyof PartState, unknown>>(
        "select id, state, problem from outbox where origin = ? order by part",
        origin,
      )
      .map(({ problem, ...part }) => ({ ...part, problem: problem ?? undefined }) as PartState);
  }

  /** Whether a run has sent something to a chat with its `message` tool. */
  wasToldBy(runId: string, { channel, account, chat }: AccountKey & { readonly chat: ChatRef }): boolean {
    const from = `send:${toolPrincipal(runId)}:`;
    return (
      this.#store.get(
        ...named(
          `select 1 from outbox where origin >= :from and origin < :to and channel = :channel and account = :account
           and chat = :chat and state <> 'failed' limit 1`,
          { from, to: `${from}\uffff`, channel, account, chat: chat.id },
        ),
      ) !== undefined
    );
  }

  /** Chats of an account with waiting messages. */
  openChats({ channel, account }: AccountKey): string[] {
    return this.#store
      .all<{ chat: string }>(
        `select distinct chat from outbox where channel = ? and account = ? and ${IS_OPEN}`,
        ...[channel, account],
      )
      .map(({ chat }) => chat);
  }

  /** The next message to a chat. */
  next({ channel, account }: AccountKey, chat: string): OutboxRow | undefined {
    const row = this.#store.get<Row>(
      `select ${COLUMNS} from outbox where channel = ? and account = ? and chat = ?
       and ${IS_OPEN} and state <> 'sending' order by id limit 1`,
      ...[channel, account, chat],
    );
    return row && toOutboxRow(row);
  }

  /** Messages that were being sent when a link or the gateway ended. */
  doubtful({ channel, account }: AccountKey): OutboxRow[] {
    return this.#store
      .all<Row>(
        `select ${COLUMNS} from outbox where channel = ? and account = ?
         and ${IS_OPEN} and state = 'sending' order by id`,
        ...[channel, account],
      )
      .map(toOutboxRow);
  }

  /** The message with this id on the platform. */
  byProviderId({ channel, account }: AccountKey, id: string, chat?: string): OutboxRow | undefined {
    const rows = this.#store
      .all<Row>(
        `select ${COLUMNS} from outbox where channel = ? and account = ? and provider_id = ?`,
        ...[channel, account, id],
      )
      .map(toOutboxRow);
    if (chat === undefined) return rows[0];
    return rows.find((row) => row.chat.id === chat) ?? rows.find((row) => NAMED_TARGET.test(row.chat.id));
  }

  /** Replaces a message by its rendered parts, which keep its place. */
  compose({ id, ...row }: OutboxRow, parts: readonly Payload[]): void {
    this.#store.transaction(() => {
      this.#store.run("delete from outbox where id = ?", id);
      for (const [part, payload] of parts.entries()) {
        const known = this.of(row.origin).find((each) => each.part === part);
        if (known) {
          this.#update(known, payload);
          continue;
        }
        this.#store.run(
          ...insertInto("outbox", {
            client_id: part === 0 ? row.clientId : newClientId(),
            channel: row.channel,
            account: row.account,
            chat: row.chat.id,
            thread: row.chat.threadId,
            origin: row.origin,
            part,
            payload: this.#textOf(payload),
            session_key: row.sessionKey,
            state: "queued",
            queued_at: row.queuedAt,
            expires_at: row.expiresAt,
          }),
        );
      }
    });
  }

  /** The stored form of a message. It is what gets sent, so secrets are removed here. */
  #textOf(payload: Payload): string {
    return this.#guard(JSON.stringify(payload));
  }

  /** Stores the final text of a draft: an edit when the platform has the draft, else a new message. */
  #update(draft: OutboxRow, payload: Payload): void {
    const isThere = draft.state === "sent" && draft.payload.isDraft;
    this.#store.run(
      "update outbox set payload = ?, state = 'queued', problem = null, not_before = 0, provider_id = ? where id = ?",
      this.#textOf(isThere ? { ...payload, replacesDraft: true } : payload),
      isThere ? (draft.providerId ?? null) : null,
      draft.id,
    );
  }

  /**
   * Marks a message before it is sent; from here on the platform may have it. `sentAt` is the time of the last try,
   * until it is sent.
   */
  sending(id: number): void {
    this.#store.run(
      "update outbox set state = 'sending', attempts = attempts + 1, sent_at = ? where id = ?",
      ...[this.#clock.now(), id],
    );
  }

  /** Marks a message that the platform has; returns it as it is now. */
  sent(id: number, providerId: string): OutboxRow {
    const row = this.#store.get<Row>(
      `update outbox set state = 'sent', provider_id = ?, sent_at = ?, problem = null where id = ? returning ${COLUMNS}`,
      ...[providerId, this.#clock.now(), id],
    );
    return known(row && toOutboxRow(row), id);
  }

  /** Stores the platform's id of a poll, which differs from that of its message. */
  notePoll(id: number, pollId: string): void {
    this.#store.run("update outbox set payload = json_set(payload, '$.content.pollId', ?) where id = ?", pollId, id);
  }

  /** Puts a message that was certainly not taken back into the queue. */
  later(id: number, notBefore: number, problem: string): void {
    this.#store.run(
      "update outbox set state = 'queued', not_before = ?, problem = ? where id = ?",
      ...[Math.trunc(notBefore), problem, id],
    );
  }

  /** Queues a part again, as plain text. */
  asPlain(row: OutboxRow): void {
    this.#store.run(
      "update outbox set state = 'queued', payload = ? where id = ?",
      JSON.stringify({ ...row.payload, isPlain: true }),
      row.id,
    );
  }

  /** Marks a message that is not tried again; returns it as it is now. */
  end(id: number, state: "unknown" | "failed", problem: string): OutboxRow {
    const row = this.#store.get<Row>(
      `update outbox set state = ?, problem = ? where id = ? returning ${COLUMNS}`,
      ...[state, problem, id],
    );
    return known(row && toOutboxRow(row), id);
  }

  /** Moves waiting messages to a chat's new id. */
  moveChat({ channel, account }: AccountKey, from: string, to: string): void {
    this.#store.run(
      "update outbox set chat = ? where channel = ? and account = ? and chat = ? and state in ('composing', 'queued')",
      ...[to, channel, account, from],
    );
  }

  /** Fails all waiting messages of a chat that cannot be reached any more. Returns them. */
  failChat({ channel, account }: AccountKey, chat: string, problem: string): OutboxRow[] {
    return this.#store
      .all<Row>(
        `update outbox set state = 'failed', problem = ?
         where channel = ? and account = ? and chat = ? and state in ('composing', 'queued') returning ${COLUMNS}`,
        ...[problem, channel, account, chat],
      )
      .map(toOutboxRow);
  }

  /** Queues a message again, as new, for a person. Throws `INVALID_REQUEST` when it is on its way or was sent. */
  requeue(id: number, ttlMs: number): OutboxRow {
    const row = this.require(id);
    if (row.state !== "unknown" && row.state !== "failed") throw invalidRequest(`message ${id} is ${row.state}`);
    const now = this.#clock.now();
    this.#store.run(
      `update outbox set state = 'queued', client_id = ?, attempts = 0, not_before = 0, problem = null,
       queued_at = ?, expires_at = ? where id = ?`,
      ...[newClientId(), now, this.#clock.steadyNow() + ttlMs, id],
    );
    return this.require(id);
  }

  /** Throws `INVALID_REQUEST` when there is no such message. */
  require(id: number): OutboxRow {
    return known(this.get(id), id);
  }
}

function known(row: OutboxRow | undefined, id: number): OutboxRow {
  if (!row) throw invalidRequest(`no message ${id} in the outbox; \`moltbot message list\` shows them`);
  return row;
}

function newClientId(): string {
  return randomBytes(10).toString("hex");
}

/** The principal of messages that a run sends with its tool; principals of connections have another form. */
export function toolPrincipal(runId: string): string {
  return `run:${runId}`;
}
