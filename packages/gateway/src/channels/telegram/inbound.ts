/** From Telegram's updates to what the gateway takes in. Pure: the same update gives the same result. */
import type {
  CallbackQuery,
  ChatMember,
  ChatMemberUpdated,
  Message,
  ReactionType,
  Chat as TelegramChat,
  Update,
  User,
} from "grammy/types";
import {
  accountId,
  type Chat,
  type ChosenName,
  chosenName,
  type Inbound,
  type Peer,
  type Quote,
} from "../../kit/channel.ts";
import { joined, type Said, shown, startingAt, typed } from "../../kit/text/said.ts";
import { contentOf } from "./content.ts";

/** Who reads the updates. */
export interface Reader {
  readonly id: number;
  readonly username: string;
  /** Names of the commands that are in the bot's menu. */
  readonly commands: ReadonlySet<string>;
  /** Epoch ms, for updates without a time. */
  readonly now: number;
}

/** The kinds of updates that `inboundOf` understands; Telegram sends no others. */
export const UPDATE_KINDS = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "callback_query",
  "message_reaction",
  "my_chat_member",
] as const satisfies readonly Exclude<keyof Update, "update_id">[];

/** What an update says; empty when it is of no interest. Throws when the update is not as the Bot API describes it. */
export function inboundOf(update: Update, reader: Reader): readonly Inbound[] {
  const key = `update:${update.update_id}`;
  const message = update.message ?? update.channel_post;
  if (message) return messageOf(message, key, reader);
  const edited = update.edited_message ?? update.edited_channel_post;
  if (edited) return editOf(edited, key, reader);
  if (update.callback_query) return buttonOf(update.callback_query, key, reader);
  if (update.message_reaction) return reactionsOf(update.message_reaction, key);
  if (update.my_chat_member) return membershipOf(update.my_chat_member, key);
  return [];
}

/** An update that `inboundOf` threw at: as much as can be told of it, or undefined when not even whose message it was. */
export function unreadableOf(update: Update, reader: Reader): Inbound | undefined {
  const message: Partial<Message> | undefined =
    update.message ?? update.channel_post ?? update.edited_message ?? update.edited_channel_post;
  const { message_id, chat, from } = message ?? {};
  if (!Number.isInteger(message_id) || !Number.isInteger(chat?.id)) return undefined;
  const sender = { id: accountId(String(Number.isInteger(from?.id) ? from!.id : chat!.id)) };
  return {
    kind: "unreadable",
    keys: [`update:${update.update_id}`],
    at: reader.now,
    chat: { id: String(chat!.id), kind: kindOf(chat!.type) },
    sender,
    messageId: String(message_id),
    fromSelf: false,
    why: "Telegram sent a message that is not as its Bot API describes messages.",
  };
}

function messageOf(message: Message, key: string, reader: Reader): readonly Inbound[] {
  const base = baseOf(message, reader);
  if (message.migrate_to_chat_id) {
    const toChatId = String(message.migrate_to_chat_id);
    return [{ ...base, kind: "moved", keys: [movedKey(base.chat.id, toChatId), key], toChatId }];
  }
  const content = contentOf(message);
  if (!content) return [];
  const command = commandOf(message, reader);
  return [
    {
      ...base,
      kind: "message",
      keys: [key, `message:${message.chat.id}:${message.message_id}`],
      ...(command === undefined
        ? withoutAddress(content.said, reader)
        : joined([typed(command), startingAt(content.said, commandLength(message))])),
      media: content.media,
      albumId: message.media_group_id,
      ...originOf(message, reader),
      replyTo: quoteOf(message, reader),
      mentionsSelf: mentions(message, reader),
      ...(command !== undefined && !message.forward_origin && !message.via_bot && { isCommand: true }),
    },
  ];
}

function editOf(message: Message, key: string, reader: Reader): readonly Inbound[] {
  const content = contentOf(message);
  if (!content) return [];
  const at = message.edit_date === undefined ? reader.now : millis(message.edit_date);
  return [{ ...baseOf(message, reader), kind: "edit", keys: [key], at, ...content.said }];
}

function buttonOf(query: CallbackQuery, key: string, reader: Reader): readonly Inbound[] {
  const { message, data } = query;
  if (!message || data === undefined) return [];
  const threadId = "is_topic_message" in message && message.is_topic_message ? message.message_thread_id : undefined;
  return [
    {
      kind: "button",
      keys: [key, `press:${query.id}`],
      at: reader.now,
      chat: chatOf(message.chat, threadId),
      sender: peerOf(query.from),
      messageId: String(message.message_id),
      fromSelf: false,
      data,
    },
  ];
}

function reactionsOf(update: NonNullable<Update["message_reaction"]>, key: string): readonly Inbound[] {
  const sender = update.user ? peerOf(update.user) : update.actor_chat && chatAsPeer(update.actor_chat);
  if (!sender) return [];
  const before = new Set(update.old_reaction.flatMap(emojiOf));
  const after = new Set(update.new_reaction.flatMap(emojiOf));
  const changes = [
    ...[...before].filter((emoji) => !after.has(emoji)).map((emoji) => ({ emoji, isRemoved: true })),
    ...[...after].filter((emoji) => !before.has(emoji)).map((emoji) => ({ emoji, isRemoved: false })),
  ];
  return changes.map(({ emoji, isRemoved }) => ({
    kind: "reaction",
    keys: [`${key}:${isRemoved ? "-" : "+"}${emoji}`],
    at: millis(update.date),
    chat: chatOf(update.chat, undefined),
    sender,
    messageId: String(update.message_id),
    fromSelf: false,
    emoji,
    isRemoved,
  }));
}

/** Paid and custom reactions have no emoji that could be shown elsewhere. */
function emojiOf(reaction: ReactionType): readonly string[] {
  return reaction.type === "emoji" ? [reaction.emoji] : [];
}

function membershipOf(update: ChatMemberUpdated, key: string): readonly Inbound[] {
  const isMember = belongs(update.new_chat_member);
  if (isMember === belongs(update.old_chat_member)) return [];
  return [
    {
      kind: "membership",
      keys: [key],
      at: millis(update.date),
      chat: chatOf(update.chat, undefined),
      sender: peerOf(update.from),
      messageId: `membership:${update.date}`,
      fromSelf: false,
      isMember,
    },
  ];
}

function belongs(member: ChatMember): boolean {
  if (member.status === "restricted") return member.is_member;
  return member.status !== "left" && member.status !== "kicked";
}

/** One key for the service message and for a send that was refused because of the move. */
export function movedKey(fromChatId: string, toChatId: string): string {
  return `moved:${fromChatId}:${toChatId}`;
}

function baseOf(message: Message, reader: Reader) {
  const at = millis(message.date);
  if (!Number.isInteger(message.message_id) || !Number.isInteger(message.chat.id) || Number.isNaN(at))
    throw new TypeError("the message has no id, chat or date");
  const threadId = message.is_topic_message ? message.message_thread_id : undefined;
  return {
    at,
    chat: chatOf(message.chat, threadId),
    sender: senderOf(message),
    messageId: String(message.message_id),
    fromSelf: message.from?.id === reader.id,
  };
}

/** Anonymous admins and channels write in a chat's name; `from` is then a stand-in that all of them share. */
function senderOf(message: Message): Peer {
  if (message.sender_chat) return chatAsPeer(message.sender_chat, message.author_signature);
  return message.from ? peerOf(message.from) : chatAsPeer(message.chat, message.author_signature);
}

function peerOf(user: User): Peer {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return { id: accountId(String(user.id)), name: chosenName(name), ...handles(user.username), isBot: user.is_bot };
}

function chatAsPeer(chat: TelegramChat, signature?: string): Peer {
  // Whoever administers the chat can write so: that proves no one person.
  return {
    ...{ id: accountId(String(chat.id)), name: chosenName(signature) ?? titleOf(chat), ...handles(chat.username) },
    isUnproven: true,
  };
}

function handles(username: string | undefined): Pick<Peer, "username"> {
  return username === undefined ? {} : { username: chosenName(username) };
}

/** The General topic of a forum is no thread: its messages carry no topic, and must not be sent one. */
function chatOf(chat: TelegramChat, threadId: number | undefined): Chat {
  return {
    id: String(chat.id),
    ...(threadId !== undefined && threadId !== 1 && { threadId: String(threadId) }),
    kind: kindOf(chat.type),
    title: titleOf(chat),
  };
}

function titleOf(chat: TelegramChat): ChosenName | undefined {
  const title = chat.title ?? [chat.first_name, chat.last_name].filter(Boolean).join(" ");
  return title === "" ? undefined : chosenName(title);
}

function kindOf(type: TelegramChat["type"]): Chat["kind"] {
  if (type === "private") return "direct";
  return type === "channel" ? "channel" : "group";
}

function quoteOf(message: Message, reader: Reader): Quote | undefined {
  const answered = message.reply_to_message;
  // Every message of a topic "answers" the one that opened it.
  if (!answered || answered.forum_topic_created) return undefined;
  return {
    messageId: String(answered.message_id),
    fromSelf: answered.from?.id === reader.id,
    text: message.quote?.text ?? shownIn(answered as Message),
    senderId: senderOf(answered as Message).id,
    senderName: senderOf(answered as Message).name,
  };
}

function shownIn(message: Message): string | undefined {
  const content = contentOf(message);
  return content && shown(content.said, "telegram");
}

/** Whose text it is when it is not the sender's own: they passed it on, or an inline bot composed it. A channel's posts that come into its own discussion group are its own words. */
function originOf(
  { forward_origin: origin, is_automatic_forward: isOwn, via_bot: bot }: Message,
  reader: Reader,
): { forwardedFrom?: string } {
  if (bot && bot.id !== reader.id) return { forwardedFrom: `${peerOf(bot).name} (${bot.id})` };
  if (!origin || isOwn) return {};
  switch (origin.type) {
    case "user":
      return { forwardedFrom: `${peerOf(origin.sender_user).name} (${origin.sender_user.id})` };
    case "hidden_user":
      return { forwardedFrom: origin.sender_user_name };
    case "chat":
      return { forwardedFrom: chatOrigin(origin.sender_chat, origin.author_signature) };
    case "channel":
      return { forwardedFrom: chatOrigin(origin.chat, origin.author_signature) };
    default:
      return { forwardedFrom: "" };
  }
}

function chatOrigin(chat: TelegramChat, signature: string | undefined): string {
  return [titleOf(chat), signature, `(${chat.id})`].filter(Boolean).join(" ");
}

function mentions(message: Message, reader: Reader): boolean {
  if (quoteOf(message, reader)?.fromSelf) return true;
  const text = message.text ?? message.caption ?? "";
  const handle = `@${reader.username.toLowerCase()}`;
  return (message.entities ?? message.caption_entities ?? []).some((entity) => {
    const marked = text.slice(entity.offset, entity.offset + entity.length).toLowerCase();
    if (entity.type === "text_mention") return entity.user.id === reader.id;
    if (entity.type === "mention") return marked === handle;
    return entity.type === "bot_command" && marked.endsWith(handle);
  });
}

/** A mention of the bot at the beginning is an address, not a part of what is said. */
function withoutAddress(said: Said, { username }: Reader): Said {
  const address = new RegExp(`^\\s*@${username}\\b[\\s,:]*`, "i").exec(said.text);
  return address ? startingAt(said, address[0].length) : said;
}

/** The command at the beginning, without the bot's name: "/status". Undefined when it is for another bot, or none. */
function commandOf(message: Message, reader: Reader): string | undefined {
  const length = commandLength(message);
  if (length === 0) return undefined;
  const [command = "", bot] = message.text!.slice(0, length).split("@");
  if (bot !== undefined) return bot.toLowerCase() === reader.username.toLowerCase() ? command : undefined;
  const isOurs = message.chat.type === "private" || reader.commands.has(command.slice(1).toLowerCase());
  return isOurs ? command : undefined;
}

function commandLength(message: Message): number {
  const atStart = message.text === undefined ? [] : (message.entities ?? []).filter(({ offset }) => offset === 0);
  // What stands within somebody's name was not typed.
  if (atStart.some(({ type }) => type === "text_mention")) return 0;
  return atStart.find(({ type }) => type === "bot_command")?.length ?? 0;
}

function millis(seconds: number): number {
  return seconds * 1000;
}
