/** From Slack's events to what the gateway takes in. Pure: names were learnt beforehand. */
import type { Inbound } from "../../kit/channel-message.ts";
import { accountId, type Chat, chosenName, type Peer } from "../../kit/party.ts";
import type { Reading, Rules } from "../../kit/rules.ts";
import { contentOf } from "./content.ts";
import { emojiOf } from "./emoji.ts";
import { field, messageIn, millisOf, type SlackMessage, stringField } from "./events.ts";
import { chatOf, peerOf, type Reader, threadOf } from "./places.ts";

const chatChange = { unread: "Somebody changed the channel: its name, its topic, its purpose, or who may write." };
const comesAndGoes = { unread: "Somebody came into the channel or left it." };
const pins = { unread: "Somebody pinned something, or took a pin away." };

/** The subtypes of messages that Slack documents (Slack: message event). None, "", is what people mostly write. */
const SUBTYPES: Rules<string, "written"> = {
  "": { read: "written" },
  file_share: { read: "written" },
  thread_broadcast: { read: "written" },
  me_message: { read: "written" },
  bot_message: { read: "written" },
  file_mention: { read: "written" },
  file_comment: { read: "written" },
  reply_broadcast: { read: "written" },
  reminder_add: { read: "written" },
  bot_add: comesAndGoes,
  bot_remove: comesAndGoes,
  bot_enable: comesAndGoes,
  bot_disable: comesAndGoes,
  channel_join: comesAndGoes,
  channel_leave: comesAndGoes,
  group_join: comesAndGoes,
  group_leave: comesAndGoes,
  channel_convert_to_private: chatChange,
  channel_convert_to_public: chatChange,
  channel_archive: chatChange,
  channel_unarchive: chatChange,
  channel_name: chatChange,
  channel_topic: chatChange,
  channel_purpose: chatChange,
  channel_posting_permissions: chatChange,
  channel_canvas_updated: chatChange,
  group_archive: chatChange,
  group_unarchive: chatChange,
  group_name: chatChange,
  group_topic: chatChange,
  group_purpose: chatChange,
  pinned_item: pins,
  unpinned_item: pins,
  huddle_thread: { unread: "A huddle was begun; the gateway takes no calls." },
  sh_room_created: { unread: "A huddle was begun; the gateway takes no calls." },
  sh_room_shared: { unread: "A huddle was shared; the gateway takes no calls." },
  ekm_access_denied: { unread: "The workspace's administrators keep the message from apps." },
  assistant_app_thread: { nobody: "Slack opens a thread with an assistant" },
  message_replied: { nobody: "Slack counts an answer in a thread, which is a message of its own" },
  tombstone: { nobody: "what is left of a message that was deleted before" },
};

const NOT_OURS = { nobody: "it is about another account" };

/** What an event of the Events API says. Throws when it is not as Slack describes it. */
export function eventInbound(body: unknown, reader: Reader): Reading {
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
        : NOT_OURS;
    case "channel_left":
    case "group_left":
      return membership(event, false, keys, reader);
    case "channel_id_changed":
      return movedEvent(event, keys, reader);
    case undefined:
      throw new TypeError("an event without a type");
    default:
      return { nobody: `an event of the kind ${type.slice(0, 60)}, which is no message and not subscribed to` };
  }
}

/** A message of a history, as if it had just come. */
export function historyInbound(message: unknown, chat: Chat, reader: Reader): Reading {
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

function messageEvent(event: unknown, keys: readonly string[], reader: Reader): Reading {
  switch (stringField(event, "subtype")) {
    case "message_changed":
      return changed(event, keys, reader);
    case "message_deleted":
      return deleted(event, stringField(event, "deleted_ts"), keys, reader);
    default:
      return written(messageIn(event), keys, reader);
  }
}

const OWN = { nobody: "the gateway's own message, as Slack tells it back" };

function written(message: SlackMessage, more: readonly string[], reader: Reader): Reading {
  if (isOwn(message, reader)) return OWN;
  const { subtype = "", channel } = message;
  const rule = Object.hasOwn(SUBTYPES, subtype)
    ? SUBTYPES[subtype]
    : { unread: "Slack sent a message of a kind that this version does not know." };
  if (rule && "nobody" in rule) return rule;
  const sender = senderOf(message, reader) ?? { id: accountId(channel) };
  const keys = [messageKey(message), ...more] as const;
  const base = { ...baseOf(message, sender, reader), keys };
  if (!rule || "unread" in rule) return { ...base, kind: "unread", what: subtype, why: rule?.unread ?? "" };
  const parent = message.thread_ts !== message.ts ? message.parent_user_id : undefined;
  return {
    ...base,
    kind: "message",
    ...contentOf(message, reader),
    ...(parent && { replyTo: { messageId: message.thread_ts!, fromSelf: parent === reader.userId } }),
  };
}

function messageKey({ channel, ts }: SlackMessage): string {
  return `message:${channel}:${ts}`;
}

/** Slack also reports a change when it adds a preview of an address, and when we change our own. */
function changed(event: unknown, keys: readonly string[], reader: Reader): Reading {
  const channel = stringField(event, "channel");
  const inner = field(event, "message");
  if (stringField(inner, "subtype") === "tombstone") return deleted(event, stringField(inner, "ts"), keys, reader);
  const message = { channel_type: stringField(event, "channel_type"), ...messageIn(inner, channel) } as SlackMessage;
  if (isOwn(message, reader)) return OWN;
  const previous = field(event, "previous_message");
  const hasBlocks = isAlike(field(previous, "blocks"), message.blocks);
  // What programs attach is their content; of people's messages Slack itself adds and takes away previews.
  const isProgram = message.bot_id !== undefined;
  const hasAttachments = !isProgram || isAlike(field(previous, "attachments"), message.attachments);
  if (hasBlocks && hasAttachments && stringField(inner, "text") === stringField(previous, "text"))
    return { nobody: "Slack has added a preview, or counts answers" };
  const sender = senderOf(message, reader) ?? { id: accountId(message.channel) };
  const when = message.edited?.ts ?? stringField(event, "event_ts");
  return {
    ...baseOf(message, sender, reader),
    kind: "edit",
    keys: [`edit:${message.channel}:${message.ts}:${when}`, ...keys],
    at: millisOf(when, reader.now),
    messageKeys: [messageKey(message)],
    writtenAt: millisOf(message.ts, reader.now),
    ...contentOf(message, reader),
  };
}

function isAlike(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function deleted(event: unknown, ts: string | undefined, keys: readonly string[], reader: Reader): Reading {
  const channel = stringField(event, "channel");
  if (!ts || !channel) throw new TypeError("a deletion without a message");
  const previous = {
    ...(field(event, "previous_message") as object | undefined),
    channel,
    ts,
    text: "",
  } as SlackMessage;
  const message = { channel_type: stringField(event, "channel_type"), ...previous } as SlackMessage;
  if (isOwn(message, reader)) return OWN;
  const sender = senderOf(message, reader) ?? { id: accountId(channel) };
  return {
    ...baseOf(message, sender, reader),
    kind: "unsend",
    keys: [`unsend:${channel}:${ts}`, ...keys],
    at: reader.now,
  };
}

function reactionEvent(event: unknown, isRemoved: boolean, keys: readonly string[], reader: Reader): Reading {
  const item = field(event, "item");
  const [channel, ts] = [stringField(item, "channel"), stringField(item, "ts")];
  const [user, reaction] = [stringField(event, "user"), stringField(event, "reaction")];
  if (user === reader.userId) return OWN;
  if (!channel || !ts || !user || !reaction) return { nobody: "a reaction to something that is no message" };
  const when = stringField(event, "event_ts");
  return {
    kind: "reaction",
    keys: [`reaction:${channel}:${ts}:${user}:${reaction}:${isRemoved ? "-" : "+"}:${when}`, ...keys],
    at: millisOf(when, reader.now),
    chat: chatOf(channel, undefined, undefined, reader),
    sender: peerOf(user, reader),
    messageId: ts,
    fromSelf: false,
    emoji: emojiOf(reaction),
    isRemoved,
  };
}

function membership(event: unknown, isMember: boolean, keys: readonly string[], reader: Reader): Reading {
  const channel = stringField(event, "channel");
  if (!channel) throw new TypeError("a membership without a channel");
  const when = stringField(event, "event_ts");
  const by = stringField(event, "actor_id") ?? stringField(event, "inviter") ?? reader.userId;
  return {
    kind: "membership",
    keys: [`membership:${channel}:${isMember}:${when}`, ...keys],
    at: millisOf(when, reader.now),
    chat: chatOf(channel, stringField(event, "channel_type") === "G" ? "mpim" : undefined, undefined, reader),
    sender: peerOf(by, reader),
    messageId: `membership:${when}`,
    fromSelf: false,
    isMember,
  };
}

function movedEvent(event: unknown, keys: readonly string[], reader: Reader): Reading {
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
  return { ...base, kind: "moved", keys: [`moved:${from}:${to}`, ...keys], toChatId: to };
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
