/** Messages of the outbox as the wire says them, and how many there are. */
import { defined } from "../../../../../base/defined.ts";
import { named } from "../../../../../base/store/statement.ts";
import type { Store } from "../../../../../base/store/store.ts";
import type { AccountKey } from "../../in/inbox/inbox-rows.ts";
import type { OutboxEntryShape } from "../../schema.ts";
import { COLUMNS, IS_OPEN, type OutboxRow, type Row, textOf, toOutboxRow } from "./outbox-rows.ts";

const PREVIEW_CHARS = 200;

/** Which messages `list` returns; all of them without it. */
interface OutboxFilter {
  readonly channel?: string;
  readonly accountId?: string;
  readonly state?: string;
  readonly limit?: number;
}

export class OutboxEntries {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The newest messages first. */
  list({ channel, accountId, state, limit = 50 }: OutboxFilter = {}): OutboxEntryShape[] {
    return this.#store
      .all<Row>(
        ...named(
          `select ${COLUMNS} from outbox where (:channel is null or channel = :channel)
           and (:accountId is null or account = :accountId)
           and (:state is null or state = :state or (:state = 'queued' and state = 'composing'))
           order by id desc limit :limit`,
          { channel, accountId, state, limit },
        ),
      )
      .map((row) => this.entry(toOutboxRow(row)));
  }

  /** A message as the wire says it. */
  entry(row: OutboxRow): OutboxEntryShape {
    return {
      id: row.id,
      channel: row.channel,
      accountId: row.account,
      chatId: row.chat.id,
      ...defined({ threadId: row.chat.threadId }),
      origin: row.origin,
      // Only those who may let people in see codes.
      text: row.origin.startsWith("pairing:") ? "[a pairing code]" : textOf(row.payload).slice(0, PREVIEW_CHARS),
      state: row.state === "composing" ? "queued" : row.state,
      ...defined({ problem: row.problem, providerId: row.providerId }),
      attempts: row.attempts,
      queuedAt: row.queuedAt,
      expiresAt: row.expiresAt,
      ...(row.state === "sent" && row.sentAt !== undefined && { sentAt: row.sentAt }),
    };
  }

  /** The number of waiting and doubtful messages of an account, and when it last sent. */
  summary({ channel, account }: AccountKey): { queued: number; unknown: number; lastOutboundAt: number | undefined } {
    const row = this.#store.get<{ queued: number; unknown: number; at: number | null }>(
      `select count(*) filter (where ${IS_OPEN}) as queued,
              count(*) filter (where state = 'unknown') as unknown, max(sent_at) filter (where state = 'sent') as at
       from outbox where channel = ? and account = ?`,
      channel,
      account,
    );
    return { queued: row?.queued ?? 0, unknown: row?.unknown ?? 0, lastOutboundAt: row?.at ?? undefined };
  }

  /** How many parts of messages were sent in each hour since `since`, and how many could not be or are in doubt. */
  byHour(since: number): { readonly hour: number; readonly count: number; readonly lost: number }[] {
    return this.#store.all(
      `select coalesce(sent_at, queued_at) / 3600000 as hour, count(*) filter (where state = 'sent') as count,
         count(*) filter (where state in ('failed', 'unknown')) as lost
       from outbox where coalesce(sent_at, queued_at) >= ?1 and state in ('sent', 'failed', 'unknown')
         and id > coalesce((select id from outbox where queued_at < ?1 - 86400000 order by id desc limit 1), 0) group by hour`,
      since,
    );
  }

  /** How many messages wait, by channel and state. */
  waiting(): { readonly channel: string; readonly state: string; readonly count: number }[] {
    return this.#store.all(
      `select channel, state, count(*) as count from outbox where ${IS_OPEN} group by channel, state`,
    );
  }
}
