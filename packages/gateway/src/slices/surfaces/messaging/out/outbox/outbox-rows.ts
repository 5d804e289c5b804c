/** The rows of the outbox. */
import { stored } from "../../../../../base/store/stored.ts";
import type { Button, OutboundMedia, Poll } from "../../../../../kit/channel-message.ts";
import type { ChatRef, MessageRef } from "../../../../../kit/party.ts";
import type { Rendered } from "../../../../../kit/text/dialect.ts";
import type { AccountKey } from "../../in/inbox/inbox-rows.ts";

/** The content of a message. `markdown` is rendered and cut into parts first; every other kind is one message. */
export type Content =
  | { readonly kind: "markdown"; readonly markdown: string; readonly media?: readonly OutboundMedia[] }
  | { readonly kind: "part"; readonly text: Rendered; readonly media?: OutboundMedia | undefined }
  | ({ readonly kind: "poll"; readonly pollId?: string } & Omit<Poll, "clientId" | "chat">);

/** A message with everything that sending it needs. */
export interface Payload {
  readonly content: Content;
  readonly replyTo?: MessageRef | undefined;
  readonly via?: string | undefined;
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  readonly silent?: boolean | undefined;
  /** The platform refused the markup; send the plain text. */
  readonly isPlain?: boolean | undefined;
  /** The start of a growing reply; the final text replaces it. */
  readonly isDraft?: boolean | undefined;
  /** The platform has a draft of this part; edit it instead of sending. */
  readonly replacesDraft?: boolean | undefined;
}

export type OutboxState = "composing" | "queued" | "sending" | "sent" | "unknown" | "failed";

/** How far a part of a message has come. */
export interface PartState {
  readonly id: number;
  readonly state: OutboxState;
  readonly problem: string | undefined;
}

/** A message of the outbox. */
export interface OutboxRow extends AccountKey, PartState {
  readonly clientId: string;
  readonly chat: ChatRef;
  readonly origin: string;
  readonly part: number;
  readonly payload: Payload;
  readonly sessionKey: string | undefined;
  readonly providerId: string | undefined;
  readonly attempts: number;
  readonly notBefore: number;
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly sentAt: number | undefined;
}

/** A row as the table has it. */
export interface Row
  extends Omit<OutboxRow, "chat" | "payload" | "sessionKey" | "problem" | "providerId" | "sentAt" | "queuedAt"> {
  readonly chat: string;
  readonly thread: string | null;
  readonly payload: string;
  readonly sessionKey: string | null;
  readonly problem: string | null;
  readonly providerId: string | null;
  readonly queuedAt: number;
  readonly sentAt: number | null;
}

/** The columns of a `Row`. */
export const COLUMNS =
  "id, client_id as clientId, channel, account, chat, thread, origin, part, payload, session_key as sessionKey, state, " +
  "problem, provider_id as providerId, attempts, not_before as notBefore, queued_at as queuedAt, " +
  "expires_at as expiresAt, sent_at as sentAt";
/**
 * The condition of the index `outbox_open`, word for word: SQLite uses a partial index only for a query that holds its
 * condition, and does not see that `state = 'sending'` implies it. Source: sqlite.org/partialindex.html.
 */
export const IS_OPEN = "state in ('composing', 'queued', 'sending')";

/** A message as its row says it. */
export function toOutboxRow({
  chat,
  thread,
  payload,
  sessionKey,
  problem,
  providerId,
  sentAt,
  ...row
}: Row): OutboxRow {
  return {
    ...row,
    chat: thread === null ? { id: chat } : { id: chat, threadId: thread },
    payload: stored<Payload>(payload),
    sessionKey: sessionKey ?? undefined,
    problem: problem ?? undefined,
    providerId: providerId ?? undefined,
    sentAt: sentAt ?? undefined,
  };
}

/** The text of a message, without markup. */
export function textOf({ content }: Payload): string {
  if (content.kind === "markdown") return content.markdown;
  return content.kind === "poll" ? content.question : content.text.plain;
}
