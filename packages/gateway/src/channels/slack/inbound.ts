/** From Slack's events to what the gateway takes in. Pure: names were learnt beforehand. */
import {
  accountId,
  type Chat,
  chosenName,
  type Forwarded,
  type Inbound,
  type MediaKind,
  type MediaRef,
  ownAndForwarded,
  type Peer,
} from "../../kit/channel.ts";
import { joined, label, lines, type Said, shown, typed } from "../../kit/text/said.ts";
import { emojiOf } from "./emoji.ts";
import { field, messageIn, millisOf, type SlackFile, type SlackMessage, stringField } from "./events.ts";
import { chatOf, peerOf, type Reader, threadOf } from "./places.ts";
import { readable } from "./readable.ts";

/** Messages that people write; other subtypes report joins, topics, pins and the like. */
const WRITTEN = new Set([undefined, "file_share", "thread_broadcast", "me_message", "bot_message"]);

/** What an event of the Events API says; empty when it is of no interest. Throws when it is not as Slack describes it. */
export function eventInbound(body: unknown, reader: Reader): readonly Inbound[] {
  const event = field(body, "event");
  const eventId = stringField(body, "event_id");
  const keys = eventId === undefined ? [] : [`event:${eventId}`];
  const type = stringField(event, "type");
  switch (type) {
    case "message":
    case "app_mention":
      return messageEvent(event, keys, reader);
    case "reaction_added":
    case "reaction_removed":
      return reactionEvent(event, type === "reaction_removed", keys, reader);
    case "member_joined_channel":
    case "member_left_channel":
      return stringField(event, "user") === reader.userId
        ? membership(event, type === "member_joined_channel", keys, reader)
        : [];
    case "channel_left":
    case "group_left":
      return membership(event, false, keys, reader);
    case "channel_id_changed":
      return movedEvent(event, keys, reader);
    case undefined:
      throw new TypeError("an event without a type");
    default:
      return [];
  }
}

/** A message of a history, as if it had just come. Empty when it is our own or nobody's. */
export function historyInbound(message: unknown, chat: Chat, reader: Reader): readonly Inbound[] {
  const channelType = { direct: "im", group: "mpim", channel: "channel" }[chat.kind];
  return written({ channel_type: channelType, ...messageIn(message, chat.id) }, [], reader);
}

/** An event that could not be read: as much as can be told of it, or undefined when not even whose message it was. */
export function unreadableOf(body: unknown, reader: Reader): Inbound | undefined {
  const event = field(body, "event");
  const [channel, ts] = [stringField(event, "channel"), stringField(event, "ts")];
  if (!channel || !ts) return undefined;
  return {
    kind: "unreadable",
    keys: [`unreadable:${channel}:${ts}`],
    at: millisOf(ts, reader.now),
    chat: chatOf(channel, stringField(event, "channel_type"), undefined, reader),
    sender: { id: accountId(stringField(event, "user") ?? channel) },
    messageId: ts,
    fromSelf: false,
    why: "Slack sent a message that is not as its Events API describes messages.",
  };
}

function messageEvent(event: unknown, keys: readonly string[], reader: Reader): readonly Inbound[] {
  switch (stringField(event, "subtype")) {
    case "message_changed":
      return changed(event, keys, reader);
    case "message_deleted":
      return deleted(event, stringField(event, "deleted_ts"), keys, reader);
    default:
      return written(messageIn(event), keys, reader);
  }
}

function written(message: SlackMessage, keys: readonly string[], reader: Reader): readonly Inbound[] {
  if (!WRITTEN.has(message.subtype) || isOwn(message, reader)) return [];
  const sender = senderOf(message, reader);
  if (!sender) return [];
  const parent = message.thread_ts !== message.ts ? message.parent_user_id : undefined;
  return [
    {
      ...baseOf(message, sender, reader),
      kind: "message",
      keys: [`message:${message.channel}:${message.ts}`, ...keys],
      ...ownAndForwarded(saidIn(message, reader), forwardedIn(message, reader)),
      media: (message.files ?? []).flatMap(mediaOf),
      mentionsSelf: message.type === "app_mention" || message.text.includes(`<@${reader.userId}`),
      ...(parent && { replyTo: { messageId: message.thread_ts!, fromSelf: parent === reader.userId } }),
    },
  ];
}

/** Slack also reports a change when it adds a preview of an address, and when we change our own. */
function changed(event: unknown, keys: readonly string[], reader: Reader): readonly Inbound[] {
  const channel = stringField(event, "channel");
  const inner = field(event, "message");
  if (stringField(inner, "subtype") === "tombstone") return deleted(event, stringField(inner, "ts"), keys, reader);
  const message = { channel_type: stringField(event, "channel_type"), ...messageIn(inner, channel) } as SlackMessage;
  const sender = senderOf(message, reader);
  if (isOwn(message, reader) || !sender || message.text === stringField(field(event, "previous_message"), "text"))
    return [];
  const when = message.edited?.ts ?? stringField(event, "event_ts");
  return [
    {
      ...baseOf(message, sender, reader),
      kind: "edit",
      keys: [`edit:${message.channel}:${message.ts}:${when}`, ...keys],
      at: millisOf(when, reader.now),
      ...saidIn(message, reader),
    },
  ];
}

function deleted(event: unknown, ts: string | undefined, keys: readonly string[], reader: Reader): readonly Inbound[] {
  const channel = stringField(event, "channel");
  if (!ts || !channel) throw new TypeError("a deletion without a message");
  const previous = {
    ...(field(event, "previous_message") as object | undefined),
    channel,
    ts,
    text: "",
  } as SlackMessage;
  const message = { channel_type: stringField(event, "channel_type"), ...previous } as SlackMessage;
  const sender = senderOf(message, reader);
  if (isOwn(message, reader) || !sender) return [];
  return [
    { ...baseOf(message, sender, reader), kind: "unsend", keys: [`unsend:${channel}:${ts}`, ...keys], at: reader.now },
  ];
}

function reactionEvent(
  event: unknown,
  isRemoved: boolean,
  keys: readonly string[],
  reader: Reader,
): readonly Inbound[] {
  const item = field(event, "item");
  const [channel, ts] = [stringField(item, "channel"), stringField(item, "ts")];
  const [user, reaction] = [stringField(event, "user"), stringField(event, "reaction")];
  if (!channel || !ts || !user || !reaction || user === reader.userId) return [];
  const when = stringField(event, "event_ts");
  return [
    {
      kind: "reaction",
      keys: [`reaction:${channel}:${ts}:${user}:${reaction}:${isRemoved ? "-" : "+"}:${when}`, ...keys],
      at: millisOf(when, reader.now),
      chat: chatOf(channel, undefined, undefined, reader),
      sender: peerOf(user, reader),
      messageId: ts,
      fromSelf: false,
      emoji: emojiOf(reaction),
      isRemoved,
    },
  ];
}

function membership(event: unknown, isMember: boolean, keys: readonly string[], reader: Reader): readonly Inbound[] {
  const channel = stringField(event, "channel");
  if (!channel) throw new TypeError("a membership without a channel");
  const when = stringField(event, "event_ts");
  const by = stringField(event, "actor_id") ?? stringField(event, "inviter") ?? reader.userId;
  return [
    {
      kind: "membership",
      keys: [`membership:${channel}:${isMember}:${when}`, ...keys],
      at: millisOf(when, reader.now),
      chat: chatOf(channel, stringField(event, "channel_type") === "G" ? "mpim" : undefined, undefined, reader),
      sender: peerOf(by, reader),
      messageId: `membership:${when}`,
      fromSelf: false,
      isMember,
    },
  ];
}

function movedEvent(event: unknown, keys: readonly string[], reader: Reader): readonly Inbound[] {
  const [from, to] = [stringField(event, "old_channel_id"), stringField(event, "new_channel_id")];
  if (!from || !to) throw new TypeError("a move without ids");
  const chat = chatOf(from, undefined, undefined, reader);
  const base = {
    at: reader.now,
    chat,
    sender: peerOf(reader.userId, reader),
    messageId: `moved:${to}`,
    fromSelf: false,
  };
  return [{ ...base, kind: "moved", keys: [`moved:${from}:${to}`, ...keys], toChatId: to }];
}

function baseOf(message: SlackMessage, sender: Peer, reader: Reader) {
  return {
    at: millisOf(message.ts, reader.now),
    chat: chatOf(message.channel, message.channel_type, threadOf(message.thread_ts, message.ts), reader),
    sender,
    messageId: message.ts,
    fromSelf: false,
  };
}

function isOwn({ user, bot_id }: SlackMessage, reader: Reader): boolean {
  return user === reader.userId || (bot_id !== undefined && bot_id === reader.botId);
}

function senderOf({ user, bot_id, username }: SlackMessage, reader: Reader): Peer | undefined {
  if (user !== undefined) return bot_id === undefined ? peerOf(user, reader) : { ...peerOf(user, reader), isBot: true };
  return bot_id === undefined
    ? undefined
    : { id: accountId(bot_id), ...(username && { name: chosenName(username) }), isBot: true };
}

/** What was written. Programs put what they say into attachments; those of people hold what they share. */
function saidIn({ text, attachments = [], files = [], bot_id }: SlackMessage, { userId, names }: Reader): Said {
  const own = attachments.flatMap(({ text: said }) =>
    bot_id !== undefined && said ? [readable(said, userId, names)] : [],
  );
  const elsewhere = files.filter(({ is_external }) => is_external).map(externalFile);
  return lines([readable(text, userId, names), ...own, ...elsewhere]);
}

/** A file of another service: its name is that of whoever keeps it there. */
function externalFile({ name, url_private: url }: SlackFile): Said {
  const address = url !== undefined && URL.canParse(url) ? new URL(url).href : "";
  return joined([label("[file: ", { name }), typed(address === "" ? "]" : ` ${address}]`)]);
}

/** Shared messages, and previews of pages. */
function forwardedIn({ attachments = [], bot_id }: SlackMessage, { userId, names }: Reader): Forwarded[] {
  if (bot_id !== undefined) return [];
  return attachments.flatMap(({ text, fallback, author_name: name, author_id: id, from_url: url }) => {
    const said = text || fallback;
    if (!said) return [];
    const origin = [name, id && `(${id})`, name || id ? undefined : url].filter(Boolean).join(" ");
    return [{ text: shown(readable(said, userId, names), "slack"), origin }];
  });
}

/** Files that Slack itself keeps; deleted ones and those of other services cannot be fetched. */
function mediaOf(file: SlackFile): readonly MediaRef[] {
  if (typeof file.id !== "string" || file.is_external || file.mode === "tombstone" || file.mode === "hidden_by_limit")
    return [];
  return [{ ref: file.id, kind: kindOf(file), mimeType: file.mimetype, fileName: file.name, sizeBytes: file.size }];
}

function kindOf({ mimetype = "", subtype }: SlackFile): MediaKind {
  if (subtype === "slack_audio") return "voice";
  const [kind] = mimetype.split("/");
  return kind === "image" || kind === "video" || kind === "audio" ? kind : "document";
}
