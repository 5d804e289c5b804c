/** Events of the inbox as the wire says them. */
import { defined } from "../../../../../base/defined.ts";
import { named } from "../../../../../base/store/statement.ts";
import type { Store } from "../../../../../base/store/store.ts";
import { stored } from "../../../../../base/store/stored.ts";
import type { Inbound } from "../../../../../kit/channel-message.ts";
import { headline } from "../../../../../kit/content/content.ts";
import type { InboxEntryShape } from "../../schema.ts";
import { COLUMNS, type InboxRow, type Row } from "./inbox-rows.ts";

const PREVIEW_CHARS = 200;

/** Which events `list` returns; all of them without it. */
interface InboxFilter {
  readonly channel?: string;
  readonly accountId?: string;
  readonly limit?: number;
  /** Only events with a smaller id. */
  readonly before?: number;
}

export class InboxEntries {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The newest events first. */
  list({ channel, accountId, before, limit = 50 }: InboxFilter = {}): InboxEntryShape[] {
    return this.#store
      .all<Row>(
        ...named(
          `select ${COLUMNS} from inbox where (:channel is null or channel = :channel)
           and (:accountId is null or account = :accountId) and (:before is null or id < :before)
           order by id desc limit :limit`,
          { channel, accountId, before, limit },
        ),
      )
      .map(toEntry);
  }

  /** The event that a person names: by its number, the platform's id of its message, or "last". */
  find(wanted: string): InboxEntryShape | undefined {
    if (wanted === "last") return this.list({ limit: 1 })[0];
    const byMessage = this.#store.get<Row>(
      `select ${COLUMNS} from inbox where message_id = ? order by id desc limit 1`,
      wanted,
    );
    if (byMessage) return toEntry(byMessage);
    const id = /^#?(\d{1,15})$/.exec(wanted)?.[1];
    const row = id && this.#store.get<Row>(`select ${COLUMNS} from inbox where id = ?`, Number(id));
    return row ? toEntry(row) : undefined;
  }

  /** The newest message of a chat before an event. */
  lastBefore({ id, channel, account, inbound: { chat } }: InboxRow): InboxEntryShape | undefined {
    const row = this.#store.get<Row>(
      `select ${COLUMNS} from inbox where channel = ? and account = ? and chat = ? and id < ? and kind = 'message'
       order by id desc limit 1`,
      ...[channel, account, chat.id, id],
    );
    return row && toEntry(row);
  }

  /** The newest message of a conversation. */
  lastOfSession(sessionKey: string): InboxEntryShape | undefined {
    const row = this.#store.get<Row>(
      `select ${COLUMNS} from inbox where session_key = ? and kind = 'message' order by id desc limit 1`,
      sessionKey,
    );
    return row && toEntry(row);
  }

  /** The first of the events that a run answers. */
  entryOfRun(runId: string): InboxEntryShape | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from inbox where run_id = ? order by id limit 1`, runId);
    return row && toEntry(row);
  }
}

function toEntry(row: Row): InboxEntryShape {
  const inbound = stored<Inbound>(row.payload);
  return {
    id: row.id,
    channel: row.channel,
    accountId: row.account,
    chatId: row.chat,
    ...(row.thread !== null && { threadId: row.thread }),
    chatKind: row.chatKind,
    ...defined({ chatTitle: inbound.chat.title }),
    sender: row.sender,
    ...defined({ senderName: inbound.sender.name }),
    kind: row.kind,
    messageId: row.messageId,
    text: previewOf(inbound, row.channel),
    at: row.at,
    receivedAt: row.receivedAt,
    state: row.state,
    ...(row.outcome !== null && { outcome: row.outcome }),
    ...(row.rule !== null && { rule: row.rule }),
    ...(row.detail !== null && { detail: row.detail }),
    ...(row.setting !== null && { setting: row.setting }),
    ...(row.binding !== null && { binding: row.binding }),
    ...(row.decidedAt !== null && { decidedAt: row.decidedAt }),
    ...(row.runId !== null && { runId: row.runId }),
    ...(row.sessionKey !== null && { sessionKey: row.sessionKey }),
  };
}

/** The start of an event's text, for lists. */
function previewOf(inbound: Inbound, channel: string): string {
  switch (inbound.kind) {
    case "message":
    case "edit":
      return headline(inbound, channel).slice(0, PREVIEW_CHARS);
    case "files":
      return headline({ text: "", media: inbound.media, mentionsSelf: false }, channel).slice(0, PREVIEW_CHARS);
    case "vote":
      return inbound.answers.join(", ").slice(0, PREVIEW_CHARS);
    case "unread":
      return `[${inbound.what}]`.slice(0, PREVIEW_CHARS);
    case "reaction":
      return inbound.emoji;
    case "button":
      return inbound.data;
    case "unreadable":
      return inbound.why.slice(0, PREVIEW_CHARS);
    default:
      return "";
  }
}
