/** What BlueBubbles tells of a message, as the gateway takes it in: the message, its change, and its end. */

import type { Content, Inbound, MediaKind, MediaRef } from "../../../kit/channel-message.ts";
import { isEmpty } from "../../../kit/content/content.ts";
import { accountId, chosenName, type Peer } from "../../../kit/party.ts";
import { asTyped, lines } from "../../../kit/text/sender-text.ts";
import { chatIdOf, handleOf, partsOf, senderOf } from "../addresses.ts";
import { balloonIn } from "../balloons.ts";
import { type Echo, withoutFileMarks } from "../echoes.ts";
import { type Addressed, type Mention, readMentions, readNamed } from "../mentions.ts";
import { isRecording } from "../recordings.ts";
import { emojiOf } from "./tapbacks.ts";

/** A message as BlueBubbles serves it, as far as it is used. */
export interface BlueMessage {
  readonly guid: string;
  readonly chatGuid: string;
  readonly inbound: readonly Inbound[];
  readonly echo: Echo;
  readonly fromSelf: boolean;
  readonly at: number;
  /** The client's id, while the server remembers it. */
  readonly tempGuid: string | undefined;
  /** Changes when something about the message has changed. */
  readonly version: string;
  /** The server has its files later: it tells of the message once more then. */
  readonly awaitsFiles: boolean;
  /** The files of a message that was first reported without them. */
  readonly files: Extract<Inbound, { kind: "files" }> | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Who reads: who the account is, and which messages are its own. */
export interface Reader {
  readonly now: number;
  readonly selfId?: string | undefined;
  readonly mentionName?: string | undefined;
  isOwn?(guid: string): boolean;
}

/** The account, when the server does not say which handle of its own wrote. */
const SELF: Peer = { id: accountId("me") };

/** Reads a message; undefined when it has no identity or no conversation. */
export function readMessage(value: unknown, reader: Reader): BlueMessage | undefined {
  const message = fieldsOf(value);
  const { guid } = message;
  const chatGuid = textOf(fieldsOf(listOf(message.chats)[0]).guid);
  if (typeof guid !== "string" || guid === "" || chatGuid === undefined) return undefined;
  const fromSelf = message.isFromMe === true;
  const at = timeOf(message.dateCreated) ?? reader.now;
  const media = listOf(message.attachments).flatMap(mediaOf);
  const [editedAt, unsentAt] = [timeOf(message.dateEdited), timeOf(message.dateRetracted)];
  const chat = chatOf(chatGuid, fieldsOf(listOf(message.chats)[0]));
  const address = textOf(fieldsOf(message.handle).address);
  const services = [message.service, fieldsOf(message.handle).service, partsOf(chatGuid)?.service];
  const sender = fromSelf && !address ? SELF : senderOf(address ?? chat.id, services);
  const base = { at, chat, sender, messageId: guid, fromSelf };
  const text = typeof message.text === "string" ? withoutFileMarks(message.text) : "";
  const content = contentOf(message, chat.kind, reader, media);
  const awaitsFiles = isBeforeItsFiles(message, content) && unsentAt === undefined && !fromSelf;
  const found: Inbound[] = [];
  if (!address && !fromSelf && partsOf(chatGuid)?.isGroup)
    found.push({ ...base, kind: "unreadable", keys: [guid], why: "BlueBubbles told of it without an author." });
  else if (typeof message.associatedMessageGuid === "string" && message.associatedMessageGuid)
    found.push(reactionOf(message, message.associatedMessageGuid, base));
  else if (isHousekeeping(message))
    found.push({ ...base, kind: "unread", keys: [guid], what: "group change", why: HOUSEKEEPING });
  else if (!isEmpty(content) || awaitsFiles)
    found.push({ ...base, kind: "message", keys: [guid], ...content, ...(awaitsFiles && { awaitsFiles }) });
  else if (unsentAt === undefined)
    found.push({ ...base, kind: "unread", keys: [guid], what: "unknown kind", why: UNKNOWN });
  if (editedAt !== undefined && unsentAt === undefined) {
    const keys = [`edit:${guid}:${editedAt}`] as const;
    found.push({ ...base, kind: "edit", at: editedAt, keys, messageKeys: [guid], writtenAt: at, ...content });
  }
  if (unsentAt !== undefined) found.push({ ...base, kind: "unsend", at: unsentAt, keys: [`unsend:${guid}`] });
  return {
    guid,
    chatGuid,
    inbound: found,
    echo: { guid, chatIds: [chat.id], text, hasFiles: media.length > 0, at },
    fromSelf,
    at,
    tempGuid: textOf(message.tempGuid),
    version: `${guid}:${editedAt ?? ""}:${unsentAt ?? ""}:${media.length}`,
    awaitsFiles,
    files: media.length > 0 ? { ...base, kind: "files", keys: [`files:${guid}`], media } : undefined,
  };
}

const HOUSEKEEPING = "Somebody came into the group or left it, renamed it, or changed its picture.";
const UNKNOWN = "Messages holds something that this version does not know; open it on the Mac.";

/** What a message holds. A subject is a line of its own above the text. */
function contentOf(
  message: Fields,
  kind: Inbound["chat"]["kind"],
  reader: Reader,
  media: readonly MediaRef[],
): Content {
  const { mentionsSelf, ...said } = addressed(message, kind, reader);
  const items = balloonIn(message.balloonBundleId, said.text);
  return {
    ...lines([asTyped(textOf(message.subject) ?? ""), said]),
    media,
    ...(items.length > 0 && { items }),
    ...replyOf(message, reader),
    mentionsSelf,
  };
}

/** Files are marks in the text; a message without both is mostly one whose file the Mac has not fetched yet. */
function isBeforeItsFiles({ text, balloonBundleId }: Fields, { media, items }: Content): boolean {
  if (media.length > 0 || items || balloonBundleId) return false;
  return typeof text !== "string" || text.trim() === "" || text.includes("\uFFFC");
}

/** Somebody joined, left or renamed a group, or Messages tells of a call: that has no text and is told by a number. */
function isHousekeeping({ itemType, groupActionType }: Fields): boolean {
  return Number(itemType ?? 0) !== 0 || Number(groupActionType ?? 0) !== 0;
}

function chatOf(guid: string, { displayName }: Fields): Inbound["chat"] {
  const title = textOf(displayName);
  return {
    id: chatIdOf(guid),
    kind: partsOf(guid)?.isGroup ? "group" : "direct",
    ...(title && { title: chosenName(title) }),
  };
}

function replyOf(message: Fields, { isOwn }: Reader): Pick<Extract<Inbound, { kind: "message" }>, "replyTo"> {
  const messageId = textOf(message.threadOriginatorGuid) ?? textOf(message.replyToGuid);
  return messageId ? { replyTo: { messageId, fromSelf: isOwn?.(messageId) === true } } : {};
}

function addressed(message: Fields, kind: Inbound["chat"]["kind"], { selfId, mentionName }: Reader): Addressed {
  const isGroup = kind === "group";
  const isSelf = (handle: string) => isGroup && handleOf(handle) === selfId;
  const told = readMentions(textIn(message), mentionsOf(message.attributedBody), isSelf);
  return !isGroup || told.mentionsSelf ? told : readNamed(told, mentionName);
}

/** With the marks of files: what is told of mentions counts them. */
function textIn({ text }: Fields): string {
  return typeof text === "string" ? text : "";
}

/** Mentions are attributes of stretches of the text. */
function mentionsOf(attributedBody: unknown): Mention[] {
  return listOf(fieldsOf(listOf(attributedBody)[0]).runs).flatMap((run) => {
    const { range, attributes } = fieldsOf(run);
    const [start, length] = listOf(range);
    const handle = fieldsOf(attributes).__kIMMentionConfirmedMention;
    const isMention = typeof handle === "string" && typeof start === "number" && typeof length === "number";
    return isMention ? [{ start, length, handle }] : [];
  });
}

function reactionOf(
  message: Fields,
  target: string,
  base: Omit<Extract<Inbound, { kind: "unsend" }>, "kind" | "keys">,
): Inbound {
  const reaction = emojiOf(message.associatedMessageType, textOf(message.associatedMessageEmoji));
  const keys = [base.messageId] as const;
  // Stickers and the like, put on a message.
  if (!reaction) return { ...base, kind: "unread", keys, what: "sticker on a message", why: STICKER };
  // "p:0/GUID" is a part of a message, "bp:GUID" the whole of it.
  const messageId = target.replace(/^(?:p:\d+\/|bp:)/, "");
  return { ...base, kind: "reaction", keys, messageId, ...reaction };
}

const STICKER = "Somebody put a sticker on a message, or voted in a poll; Messages shows that in its app only.";

function mediaOf(value: unknown): MediaRef[] {
  const { guid, mimeType, transferName, totalBytes, isSticker, uti } = fieldsOf(value);
  const name = textOf(transferName);
  if (typeof guid !== "string" || name?.endsWith(".pluginPayloadAttachment")) return [];
  const type = textOf(mimeType);
  const kind = isSticker === true ? "sticker" : isRecording(uti, name) ? "voice" : kindOf(type);
  const sizeBytes = typeof totalBytes === "number" && totalBytes > 0 ? totalBytes : undefined;
  return [{ ref: guid, kind, mimeType: type, fileName: name, sizeBytes }];
}

function kindOf(mimeType = ""): MediaKind {
  const type = mimeType.split("/")[0];
  return type === "image" || type === "video" || type === "audio" ? type : "document";
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
