/** Who, where and when: people, bots, chats and times of Telegram. */

import type { Message, Chat as TelegramChat, User } from "grammy/types";
import { accountId, type Chat, type ChosenName, chosenName, type Peer } from "../../kit/party.ts";

/** Who reads the updates. */
export interface Reader {
  readonly id: number;
  readonly username: string;
  /** Names of the commands that are in the bot's menu. */
  readonly commands: ReadonlySet<string>;
  /** Epoch ms, for updates without a time. */
  readonly now: number;
  /** What a topic of a forum is called, where that was told. */
  topicTitle?(chatId: string, threadId: string): string | undefined;
}

/** Anonymous admins and channels write in a chat's name; `from` is then a stand-in that all of them share. */
export function senderOf(message: Message): Peer {
  if (message.sender_chat) return chatAsPeer(message.sender_chat, message.author_signature);
  return message.from ? peerOf(message.from) : chatAsPeer(message.chat, message.author_signature);
}

/** A person or bot. */
export function peerOf(user: User): Peer {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return { id: accountId(String(user.id)), name: chosenName(name), ...handles(user.username), isBot: user.is_bot };
}

/** A chat that writes under its own name. */
export function chatAsPeer(chat: TelegramChat, signature?: string): Peer {
  // Every administrator of the chat can write in its name, so this identifies no person.
  return {
    ...{ id: accountId(String(chat.id)), name: chosenName(signature) ?? titleOf(chat), ...handles(chat.username) },
    isUnproven: true,
  };
}

function handles(username: string | undefined): Pick<Peer, "username"> {
  return username === undefined ? {} : { username: chosenName(username) };
}

/** The General topic of a forum is no thread: its messages carry no topic, and must not be sent one. */
export function chatOf(chat: TelegramChat, threadId: number | undefined, reader?: Pick<Reader, "topicTitle">): Chat {
  const id = String(chat.id);
  const thread = threadId === undefined || threadId === 1 ? undefined : String(threadId);
  const threadTitle = thread && chosenName(reader?.topicTitle?.(id, thread));
  return {
    id,
    ...(thread && { threadId: thread }),
    kind: kindOf(chat.type),
    title: titleOf(chat),
    ...(threadTitle && { threadTitle }),
  };
}

/** The name that people gave a chat, or that its person chose. */
export function titleOf(chat: TelegramChat): ChosenName | undefined {
  const title = chat.title ?? [chat.first_name, chat.last_name].filter(Boolean).join(" ");
  return title === "" ? undefined : chosenName(title);
}

/** The kind of a chat. */
export function kindOf(type: TelegramChat["type"]): Chat["kind"] {
  if (type === "private") return "direct";
  return type === "channel" ? "channel" : "group";
}

/** A chat as a sentence names it. */
export function placeOf(chat: TelegramChat): string {
  return [titleOf(chat), `(${chat.id})`].filter(Boolean).join(" ");
}

/** Telegram tells seconds; epoch ms. */
export function millis(seconds: number): number {
  return seconds * 1000;
}
