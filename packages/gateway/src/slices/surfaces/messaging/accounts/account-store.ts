/** The stored state of an account: its channel's own state, and the chats it has seen. */

import { insertInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { ChannelState, StateChanges } from "../../../../kit/channel.ts";
import { type Chat, type ChatKind, chosenName } from "../../../../kit/party.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";

/** A channel's key-value state over the table. */
export class AccountState implements ChannelState {
  readonly #store: Store;
  readonly #key: AccountKey;

  constructor(store: Store, key: AccountKey) {
    this.#store = store;
    this.#key = key;
  }

  get(key: string): string | undefined {
    const { channel, account } = this.#key;
    return this.#store.get<{ value: string }>(
      "select value from channel_state where channel = ? and account = ? and key = ?",
      ...[channel, account, key],
    )?.value;
  }

  entries(prefix: string): readonly (readonly [string, string])[] {
    const { channel, account } = this.#key;
    return this.#store
      .all<{ key: string; value: string }>(
        "select key, value from channel_state where channel = ? and account = ? and key >= ? and key < ? order by key",
        ...[channel, account, prefix, `${prefix}\u{10ffff}`],
      )
      .map(({ key, value }) => [key, value] as const);
  }

  write(changes: StateChanges): void {
    const { channel, account } = this.#key;
    this.#store.transaction(() => {
      for (const [key, value] of Object.entries(changes)) {
        if (value === undefined) {
          this.#store.run(
            "delete from channel_state where channel = ? and account = ? and key = ?",
            ...[channel, account, key],
          );
        } else {
          this.#store.run(
            "insert or replace into channel_state values (?, ?, ?, ?)",
            ...[channel, account, key, value],
          );
        }
      }
    });
  }

  /** Deletes everything: the account was logged out or removed. */
  clear(): void {
    const { channel, account } = this.#key;
    this.#store.run("delete from channel_state where channel = ? and account = ?", channel, account);
  }
}

interface ChatRow {
  readonly chat: string;
  readonly kind: ChatKind;
  readonly title: string | null;
  readonly space: string | null;
  readonly isSelf: number;
}

/** The chats of an account, by when something last happened in them. */
export class Chats {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #key: AccountKey;

  constructor(options: { store: Store; clock: Clock }, key: AccountKey) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#key = key;
  }

  seen({ id, kind, title, spaceId, isSelf }: Chat, isMember = true): void {
    const { channel, account } = this.#key;
    this.#store.run(
      ...insertInto(
        "chats",
        {
          ...{ channel, account, chat: id, kind, title, space: spaceId },
          is_self: isSelf ?? false,
          is_member: isMember,
          last_at: this.#clock.now(),
        },
        `on conflict (channel, account, chat) do update set kind = excluded.kind,
           title = coalesce(excluded.title, title), space = coalesce(excluded.space, space),
           is_self = excluded.is_self, is_member = excluded.is_member, last_at = excluded.last_at`,
      ),
    );
  }

  /** Chats that the account is in, the newest first. */
  known(limit: number): Chat[] {
    const { channel, account } = this.#key;
    return this.#store
      .all<ChatRow>(
        `select ${COLUMNS} from chats where channel = ? and account = ? and is_member = 1 order by last_at desc limit ?`,
        ...[channel, account, limit],
      )
      .map(toChat);
  }

  find(id: string): Chat | undefined {
    const { channel, account } = this.#key;
    const row = this.#store.get<ChatRow>(
      `select ${COLUMNS} from chats where channel = ? and account = ? and chat = ?`,
      ...[channel, account, id],
    );
    return row && toChat(row);
  }
}

/** Ids of chats of a channel that have a title, whichever account saw them; the newest first. */
export function chatsCalled(store: Store, channel: string, title: string, limit = 3): string[] {
  return store
    .all<{ chat: string }>(
      "select chat from chats where channel = ? and kind <> 'direct' and lower(title) = ? order by last_at desc limit ?",
      ...[channel, title.toLowerCase(), limit],
    )
    .map(({ chat }) => chat);
}

const COLUMNS = "chat, kind, title, space, is_self as isSelf";

function toChat({ chat, kind, title, space, isSelf }: ChatRow): Chat {
  return { id: chat, kind, title: chosenName(title ?? undefined), spaceId: space ?? undefined, isSelf: isSelf === 1 };
}
