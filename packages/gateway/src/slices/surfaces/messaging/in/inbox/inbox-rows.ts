/** The rows of the inbox. */
import { stored } from "../../../../../base/store/stored.ts";
import type { Inbound } from "../../../../../kit/channel-message.ts";
import type { InboxEntryShape, OutcomeName } from "../../schema.ts";

/** An account, as rows name it. */
export interface AccountKey {
  readonly channel: string;
  readonly account: string;
}

/** An event of the inbox. */
export interface InboxRow extends AccountKey {
  readonly id: number;
  readonly inbound: Inbound;
  readonly receivedAt: number;
  readonly state: InboxEntryShape["state"];
  readonly runId: string | undefined;
  readonly sessionKey: string | undefined;
}

/** A row as the table has it. */
export interface Row {
  readonly id: number;
  readonly channel: string;
  readonly account: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly chatKind: string;
  readonly sender: string;
  readonly kind: string;
  readonly messageId: string;
  readonly at: number;
  readonly receivedAt: number;
  readonly payload: string;
  readonly state: InboxEntryShape["state"];
  readonly runId: string | null;
  readonly sessionKey: string | null;
  readonly outcome: OutcomeName | null;
  readonly rule: string | null;
  readonly detail: string | null;
  readonly setting: string | null;
  readonly binding: string | null;
  readonly decidedAt: number | null;
}

/** The columns of a `Row`. */
export const COLUMNS =
  "id, channel, account, chat, thread, chat_kind as chatKind, sender, kind, message_id as messageId, at, " +
  "received_at as receivedAt, payload, state, run_id as runId, session_key as sessionKey, outcome, rule, detail, " +
  "setting, binding, decided_at as decidedAt";
/**
 * Conditions of the indexes `inbox_open` and `inbox_run`, word for word: SQLite uses a partial index only for a query that
 * holds its condition, and does not see that `state = 'received'` implies it. Source: sqlite.org/partialindex.html.
 */
export const IS_OPEN = "state <> 'done'";
export const HAS_RUN = "run_id is not null";

/** An event as its row says it. */
export function toInboxRow({ id, channel, account, payload, receivedAt, state, runId, sessionKey }: Row): InboxRow {
  return {
    ...{ id, channel, account, receivedAt, state },
    inbound: stored<Inbound>(payload),
    runId: runId ?? undefined,
    sessionKey: sessionKey ?? undefined,
  };
}
