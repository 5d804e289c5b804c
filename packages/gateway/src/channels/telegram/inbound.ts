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
import type { Content, Inbound } from "../../kit/channel-message.ts";
import { isEmpty } from "../../kit/content/content.ts";
import { accountId } from "../../kit/party.ts";
import { type Reading, type Rules, readingOf } from "../../kit/rules.ts";
import { asTyped, joined, type SenderText, startingAt } from "../../kit/text/sender-text.ts";
import { type Parts, partsOf } from "./content.ts";
import { chatAsPeer, chatOf, kindOf, millis, peerOf, type Reader, senderOf } from "./parties.ts";
import { isOwn, originOf, quoteOf } from "./quotes.ts";

type UpdateKind = Exclude<keyof Update, "update_id">;
type ReadUpdate = (update: Update, key: string, reader: Reader) => Reading;

const business = "Messages of a business account are not read: the bot answers what is written to itself.";
const counted = { nobody: "Telegram counts, and does not tell who did something" };

/** Every kind of update of the Bot API. Those that nobody made are not asked for. */
const UPDATES: Rules<UpdateKind, ReadUpdate> = {
  message: { read: ({ message }, key, reader) => messageOf(message!, key, reader) },
  channel_post: { read: ({ channel_post }, key, reader) => messageOf(channel_post!, key, reader) },
  edited_message: { read: ({ edited_message }, key, reader) => editOf(edited_message!, key, reader) },
  edited_channel_post: { read: ({ edited_channel_post }, key, reader) => editOf(edited_channel_post!, key, reader) },
  callback_query: { read: ({ callback_query }, key, reader) => buttonOf(callback_query!, key, reader) },
  message_reaction: { read: ({ message_reaction }, key) => reactionsOf(message_reaction!, key) },
  my_chat_member: { read: ({ my_chat_member }, key) => membershipOf(my_chat_member!, key) },
  business_connection: { unread: business },
  business_message: { unread: business },
  edited_business_message: { unread: business },
  deleted_business_messages: { nobody: "messages of a business account are not read, so none is taken back" },
  guest_message: { unread: "Somebody asked the bot in a chat that it is not in; add it to the chat." },
  stopped_message_generation: { unread: "Somebody asked in the app that an answer be stopped; `/stop` does it." },
  poll_answer: { unread: "A vote in a poll. The gateway's polls are anonymous, so this is another program's." },
  chat_join_request: { unread: "Somebody asks to join the chat; an admin decides about that." },
  shipping_query: { unread: "A step of a purchase; the gateway sells nothing." },
  pre_checkout_query: { unread: "A step of a purchase; the gateway sells nothing." },
  purchased_paid_media: { unread: "Somebody bought media; the gateway sells nothing." },
  subscription: { unread: "Somebody changed a paid subscription; the gateway sells nothing." },
  managed_bot: { unread: "Somebody changed a bot that this one manages." },
  inline_query: { nobody: "the app asks while somebody types in another chat; nothing was sent" },
  chosen_inline_result: { nobody: "the app reports what was chosen of answers that the gateway never gives" },
  chat_member: { nobody: "who comes and goes is told by messages in the chat" },
  chat_boost: { nobody: "the chat tells of it in a message" },
  removed_chat_boost: { nobody: "a boost ends by itself" },
  message_reaction_count: counted,
  poll: counted,
};

/** The kinds of updates that Telegram is asked for. */
export const UPDATE_KINDS = (Object.keys(UPDATES) as UpdateKind[]).filter((kind) => !("nobody" in UPDATES[kind]));

/** What an update says. Throws when the update is not as the Bot API describes it. */
export function inboundOf(update: Update, reader: Reader): Reading {
  const kind = Object.keys(update).find((each) => each !== "update_id") as UpdateKind | undefined;
  const rule = kind !== undefined && Object.hasOwn(UPDATES, kind) ? UPDATES[kind] : undefined;
  if (!rule) return { nobody: "a kind of update that the gateway does not ask for" };
  if ("nobody" in rule) return rule;
  const key = `update:${update.update_id}`;
  if ("read" in rule) return rule.read(update, key, reader);
  return unreadOf({ what: kind!, why: rule.unread, about: update[kind!] }, key, reader);
}

/** The title of a topic that an update tells: in the message that opens it, and in those that answer that. */
export function topicIn(update: Update): { chatId: string; threadId: string; title: string } | undefined {
  const message = update.message ?? update.edited_message;
  const { message_thread_id: id, chat, forum_topic_created: made, forum_topic_edited: edited } = message ?? {};
  const title = made?.name ?? edited?.name ?? message?.reply_to_message?.forum_topic_created?.name;
  if (!chat || id === undefined || typeof title !== "string") return undefined;
  return { chatId: String(chat.id), threadId: String(id), title };
}

/** A record of something that cannot be shown: who made it and where, as far as that is told. */
function unreadOf(
  { what, why, about }: { readonly what: string; readonly why: string; readonly about: unknown },
  key: string,
  { now }: Reader,
): Reading {
  const { from, user, chat, date } = (about ?? {}) as { from?: User; user?: User; chat?: TelegramChat; date?: number };
  const who = from ?? user;
  if (!who && !chat) return { nobody: "an update that names neither a person nor a chat" };
  const sender = who ? peerOf(who) : { id: accountId(String(chat?.id ?? "unknown")) };
  return {
    ...{ kind: "unread", keys: [key], what, why, sender, fromSelf: false, messageId: key },
    at: date === undefined ? now : millis(date),
    chat: chat ? chatOf(chat, undefined) : { id: String(who?.id ?? "unknown"), kind: "direct" },
  };
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

function messageOf(message: Message, key: string, reader: Reader): Reading {
  const base = baseOf(message, reader);
  if (message.migrate_to_chat_id) {
    const toChatId = String(message.migrate_to_chat_id);
    return { ...base, kind: "moved", keys: [movedKey(base.chat.id, toChatId), key], toChatId };
  }
  const { content, parts } = contentOf(message, reader);
  // A message's own id alone tells it apart: ids of updates may start anew.
  const keys = [messageKey(message, reader)] as const;
  if (isEmpty(content)) return nothingIn(parts, { ...base, keys });
  return {
    ...base,
    kind: "message",
    keys,
    ...content,
    albumId: message.media_group_id,
    ...(commandOf(message, reader) !== undefined && isOwn(message) && { isCommand: true }),
  };
}

/** A message that says nothing: what it is instead. */
function nothingIn({ unread, nobody }: Parts, base: ReturnType<typeof baseOf> & Pick<Inbound, "keys">): Reading {
  if (unread) return { ...base, kind: "unread", ...unread };
  if (nobody !== undefined) return { nobody };
  const why = "Telegram sent something that this version does not know; open it in the app.";
  return { ...base, kind: "unread", what: "unknown kind", why };
}

/** Each bot counts the messages of its direct chats for itself, and the account may become another bot. */
function messageKey({ chat, message_id }: Message, { id }: Reader): string {
  return `message:${id}:${chat.id}:${message_id}`;
}

/** What a message holds, whoever wrote it. */
function contentOf(message: Message, reader: Reader): { content: Content; parts: Parts } {
  const parts = partsOf(message);
  const command = commandOf(message, reader);
  const said =
    command === undefined
      ? withoutAddress(parts.said, reader)
      : joined([asTyped(command), startingAt(parts.said, commandLength(message))]);
  const content: Content = {
    ...said,
    media: parts.media,
    ...(parts.items.length > 0 && { items: parts.items }),
    ...originOf(message, reader),
    replyTo: quoteOf(message, reader),
    mentionsSelf: mentions(message, reader),
  };
  return { content, parts };
}

/** Telegram also reports changes that nobody sees: they change nothing here either. */
function editOf(message: Message, key: string, reader: Reader): Reading {
  const { content, parts } = contentOf(message, reader);
  const base = baseOf(message, reader);
  if (isEmpty(content)) return nothingIn(parts, { ...base, keys: [key] });
  const at = message.edit_date === undefined ? reader.now : millis(message.edit_date);
  const messageKeys = [messageKey(message, reader)] as const;
  return { ...base, kind: "edit", keys: [key], at, messageKeys, writtenAt: base.at, ...content };
}

const ELSEWHERE = "A button of a message that another bot or chat shows.";

function buttonOf(query: CallbackQuery, key: string, reader: Reader): Reading {
  const { message, data } = query;
  if (!message || data === undefined)
    return unreadOf({ what: "callback_query", why: ELSEWHERE, about: query }, key, reader);
  const threadId = "is_topic_message" in message && message.is_topic_message ? message.message_thread_id : undefined;
  return {
    kind: "button",
    keys: [key, `press:${query.id}`],
    at: reader.now,
    chat: chatOf(message.chat, threadId, reader),
    sender: peerOf(query.from),
    messageId: String(message.message_id),
    fromSelf: false,
    data,
  };
}

function reactionsOf(update: NonNullable<Update["message_reaction"]>, key: string): Reading {
  const sender = update.user ? peerOf(update.user) : update.actor_chat && chatAsPeer(update.actor_chat);
  if (!sender) return { nobody: "a reaction without anybody who gave it" };
  const before = new Set(update.old_reaction.map(emojiOf));
  const after = new Set(update.new_reaction.map(emojiOf));
  const changes = [
    ...[...before].filter((emoji) => !after.has(emoji)).map((emoji) => ({ emoji, isRemoved: true })),
    ...[...after].filter((emoji) => !before.has(emoji)).map((emoji) => ({ emoji, isRemoved: false })),
  ];
  const inbound = changes.map(
    ({ emoji, isRemoved }): Inbound => ({
      kind: "reaction",
      keys: [`${key}:${isRemoved ? "-" : "+"}${emoji}`],
      at: millis(update.date),
      chat: chatOf(update.chat, undefined),
      sender,
      messageId: String(update.message_id),
      fromSelf: false,
      emoji,
      isRemoved,
    }),
  );
  return readingOf(inbound, "a reaction that changes nothing");
}

/** Custom emoji have no sign that could be shown elsewhere. */
function emojiOf(reaction: ReactionType): string {
  switch (reaction.type) {
    case "emoji":
      return reaction.emoji;
    case "paid":
      return "⭐";
    case "custom_emoji":
      return `custom emoji ${reaction.custom_emoji_id}`;
  }
}

function membershipOf(update: ChatMemberUpdated, key: string): Reading {
  const isMember = belongs(update.new_chat_member);
  const base = {
    keys: [key] as const,
    at: millis(update.date),
    chat: chatOf(update.chat, undefined),
    sender: peerOf(update.from),
    messageId: `membership:${update.date}`,
    fromSelf: false,
  };
  if (isMember !== belongs(update.old_chat_member)) return { ...base, kind: "membership", isMember };
  return { ...base, kind: "unread", what: "rights", why: "Somebody changed what the bot may do in the chat." };
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
    chat: chatOf(message.chat, threadId, reader),
    sender: senderOf(message),
    messageId: String(message.message_id),
    fromSelf: message.from?.id === reader.id,
  };
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
function withoutAddress(said: SenderText, { username }: Reader): SenderText {
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
  // What is within somebody's name was not typed.
  if (atStart.some(({ type }) => type === "text_mention")) return 0;
  return atStart.find(({ type }) => type === "bot_command")?.length ?? 0;
}
