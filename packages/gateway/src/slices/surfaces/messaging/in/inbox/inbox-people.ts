/** Who has written, and where, as the inbox knows it. */
import { named } from "../../../../../base/store/statement.ts";
import type { Store } from "../../../../../base/store/store.ts";
import type { ChatRef } from "../../../../../kit/party.ts";
import { type AccountKey, COLUMNS, HAS_RUN, type InboxRow, type Row, toInboxRow } from "./inbox-rows.ts";

/** The most events that are searched for a person's id. */
const LATELY = 5_000;

export class InboxPeople {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The sender of an inbound message. */
  senderOf({ channel, account }: AccountKey, chat: string, messageId: string): string | undefined {
    return this.#store.get<{ sender: string }>(
      `select sender from inbox where message_id = ? and channel = ? and account = ? and chat = ? and kind = 'message'
       order by id limit 1`,
      ...[messageId, channel, account, chat],
    )?.sender;
  }

  /** Ids of recent senders with a user name, newest first. */
  sendersCalled(channel: string, username: string, limit = 3): string[] {
    return this.#store
      .all<{ sender: string }>(
        `select sender from (select id, sender, payload from inbox where channel = ? order by id desc limit ?)
         where lower(json_extract(payload, '$.sender.username')) = ? group by sender order by max(id) desc limit ?`,
        ...[channel, LATELY, username.toLowerCase(), limit],
      )
      .map(({ sender }) => sender);
  }

  /** The direct chat in which a person has written last. */
  directChatOf({ channel, account }: AccountKey, sender: string): ChatRef | undefined {
    const row = this.#store.get<{ chat: string; thread: string | null }>(
      `select chat, thread from inbox where channel = ? and account = ? and sender = ? and chat_kind = 'direct'
       order by id desc limit 1`,
      ...[channel, account, sender],
    );
    return row && { id: row.chat, ...(row.thread !== null && { threadId: row.thread }) };
  }

  /** The newest direct messages that were answered because their senders own the account. */
  fromOwners(limit: number): InboxRow[] {
    return this.#store
      .all<Row>(
        `select ${COLUMNS} from (select * from inbox order by id desc limit ?)
         where kind = 'message' and chat_kind = 'direct' and rule in ('owner', 'self-chat') order by id desc limit ?`,
        ...[LATELY, limit],
      )
      .map(toInboxRow);
  }

  /** How many bot messages of a chat were answered since `since`. Only what came since then is read. */
  botAnswersSince({ channel, account }: AccountKey, chat: string, since: number): number {
    const inChat = "channel = :channel and account = :account and chat = :chat";
    const counted = this.#store.get<{ n: number }>(
      ...named(
        `select count(*) as n from inbox where ${inChat} and ${HAS_RUN} and json_extract(payload, '$.sender.isBot') = 1
           and id > coalesce(
             (select id from inbox where ${inChat} and received_at < :since order by id desc limit 1), 0)`,
        { channel, account, chat, since },
      ),
    );
    return counted?.n ?? 0;
  }
}
