/** What `imsg` tells, as the gateway takes it in. */

import type { Content, Inbound, MediaKind, MediaRef } from "../../../kit/channel-message.ts";
import { isEmpty } from "../../../kit/content/content.ts";
import { accountId, chosenName, type Peer } from "../../../kit/party.ts";
import { asTyped } from "../../../kit/text/sender-text.ts";
import { chatIdOf, handleOf, partsOf, senderOf } from "../addresses.ts";
import { balloonIn } from "../balloons.ts";
import { type Echo, withoutFileMarks } from "../echoes.ts";
import { readNamed } from "../mentions.ts";
import { isRecording } from "../recordings.ts";

/** A message of Messages' database, as far as it is used. */
export interface ImsgMessage {
  /** The row: grows with every message, until the database is built anew. */
  readonly rowid: number;
  readonly inbound: Inbound;
  /** For telling our own messages. */
  readonly echo: Echo;
}

/** Who reads: what the account is called, and which messages are its own. */
export interface Reader {
  readonly now: number;
  readonly mentionName?: string | undefined;
  isOwn?(guid: string): boolean;
}

/** Whose Mac it is, as far as Messages says: the account goes by no other name. */
export const SELF: Peer = { id: accountId("me") };

/** Reads a message; undefined when it has no identity. */
export function readMessage(value: unknown, { now, mentionName, isOwn }: Reader): ImsgMessage | undefined {
  const message = fieldsOf(value);
  const { id, guid, text = "", is_from_me: isFromMe } = message;
  if (typeof id !== "number" || typeof guid !== "string" || guid === "") return undefined;
  const chat = chatOf(message);
  if (!chat) return undefined;
  const at = timeOf(message.created_at) ?? now;
  const fromSelf = isFromMe === true;
  const hasSender = typeof message.sender === "string" && message.sender !== "";
  const services = [message.service, partsOf(String(message.chat_guid))?.service];
  const sender = fromSelf && !hasSender ? SELF : senderOf(hasSender ? String(message.sender) : chat.id, services);
  const base = { at, chat, sender, messageId: guid, fromSelf };
  const isReadable = typeof text === "string" || text === null;
  const media = mediaOf(message.attachments);
  const words = isReadable ? withoutFileMarks(text ?? "") : "";
  const chatIds = [chat.id, `chat_id:${message.chat_id}`];
  const echo = { guid, chatIds, text: words, hasFiles: media.length > 0, at };
  if (!isReadable || (!hasSender && !fromSelf)) {
    const why = "Messages told of it without an author or a text.";
    return { rowid: id, echo, inbound: { ...base, kind: "unreadable", keys: [guid], why } };
  }
  if (message.is_reaction === true) return { rowid: id, echo, inbound: reactionOf(message, base) };
  const replyTo =
    typeof message.reply_to_guid === "string" && message.reply_to_guid ? message.reply_to_guid : undefined;
  const items = balloonIn(message.balloon_bundle_id, words);
  const content: Content = {
    ...(chat.kind === "group" ? readNamed(asTyped(words), mentionName) : { ...asTyped(words), mentionsSelf: false }),
    media,
    ...(items.length > 0 && { items }),
    ...(replyTo && { replyTo: { messageId: replyTo, fromSelf: isOwn?.(replyTo) === true } }),
  };
  const keys = [guid] as const;
  const inbound: Inbound = isEmpty(content)
    ? { ...base, kind: "unread", keys, what: "unknown kind", why: UNKNOWN }
    : { ...base, kind: "message", keys, ...content };
  return { rowid: id, echo, inbound };
}

const UNKNOWN =
  "Messages holds a change of the group, or something that this version does not know; open it on the Mac.";

/** The row of a message that could not be read otherwise. */
export function rowOf(value: unknown): number | undefined {
  const { id } = fieldsOf(value);
  return typeof id === "number" ? id : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function chatOf(message: Fields): Inbound["chat"] | undefined {
  const { chat_guid: guid, chat_id: row, chat_identifier: identifier, chat_name: name, is_group: isGroup } = message;
  const title = typeof name === "string" && name !== "" ? { title: chosenName(name) } : {};
  const parts = typeof guid === "string" ? partsOf(guid) : undefined;
  if (typeof guid === "string" && parts)
    return { id: chatIdOf(guid), kind: parts.isGroup || isGroup === true ? "group" : "direct", ...title };
  if (isGroup === true && typeof row === "number") return { id: `chat_id:${row}`, kind: "group", ...title };
  const person = typeof identifier === "string" && identifier ? identifier : message.sender;
  return typeof person === "string" && person ? { id: handleOf(person), kind: "direct", ...title } : undefined;
}

function reactionOf(message: Fields, base: Omit<Extract<Inbound, { kind: "unsend" }>, "kind" | "keys">): Inbound {
  const { guid, reacted_to_guid: target, reaction_emoji: emoji, is_reaction_add: isAdded } = message;
  return {
    ...base,
    kind: "reaction",
    keys: [String(guid)],
    messageId: typeof target === "string" ? target : "",
    emoji: typeof emoji === "string" ? emoji : "",
    isRemoved: isAdded === false,
  };
}

function mediaOf(attachments: unknown): MediaRef[] {
  if (!Array.isArray(attachments)) return [];
  return attachments.map(fieldsOf).flatMap((attachment): MediaRef[] => {
    const { original_path: original, filename, transfer_name: name, mime_type: type, total_bytes: size } = attachment;
    const path = [original, filename].find((each) => typeof each === "string" && each !== "");
    // The preview of a link is kept as a file.
    if (typeof path !== "string" || path.endsWith(".pluginPayloadAttachment")) return [];
    const mimeType = typeof type === "string" && type !== "" ? type : undefined;
    return [
      {
        ref: path,
        kind: kindOf(attachment, mimeType),
        mimeType,
        fileName: typeof name === "string" && name !== "" ? name : path.split("/").at(-1),
        sizeBytes: typeof size === "number" && size > 0 ? size : undefined,
      },
    ];
  });
}

function kindOf({ is_sticker: isSticker, uti, transfer_name: name }: Fields, mimeType = ""): MediaKind {
  if (isSticker === true) return "sticker";
  if (isRecording(uti, name)) return "voice";
  const type = mimeType.split("/")[0];
  return type === "image" || type === "video" || type === "audio" ? type : "document";
}

function timeOf(value: unknown): number | undefined {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
