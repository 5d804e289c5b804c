/** Messages of the library as `Inbound`: what was said, changed, taken back or reacted to, by whom and where. */
import type { proto, WAMessage } from "@whiskeysockets/baileys";
import { type Forwarded, type Inbound, type MediaRef, ownAndForwarded, type Quote } from "../../kit/channel.ts";
import { joined, other, type Said, shown, typed } from "../../kit/text/said.ts";
import { isGroup, isLid, isPerson } from "./addresses.ts";
import type { Baileys } from "./library.ts";
import { mediaOf } from "./media.ts";
import type { People } from "./people.ts";

/** `ProtocolMessage.Type` (the library's protocol buffers). */
const REVOKE = 0;
const EDIT = 14;

/** Reads one message; undefined for what people do not see: keys, receipts of polls, status posts. */
export async function readMessage(
  library: Baileys,
  people: People,
  message: WAMessage,
  now: number,
): Promise<Inbound | undefined> {
  const { key } = message;
  const address = key.remoteJid ?? "";
  if (!key.id || !(isPerson(address) || isLid(address) || isGroup(address))) return undefined;
  const content = library.normalizeMessageContent(message.message);
  if (!content) return undefined;
  const base = await origin(people, message, now);
  const { reactionMessage, protocolMessage } = content;
  if (reactionMessage) {
    const emoji = reactionMessage.text ?? "";
    const messageId = reactionMessage.key?.id;
    return messageId ? { ...base, kind: "reaction", messageId, emoji, isRemoved: emoji === "" } : undefined;
  }
  if (protocolMessage) {
    const messageId = protocolMessage.key?.id;
    if (!messageId) return undefined;
    if (protocolMessage.type === REVOKE) return { ...base, kind: "unsend", messageId };
    if (protocolMessage.type !== EDIT) return undefined;
    const edited = library.normalizeMessageContent(protocolMessage.editedMessage ?? undefined);
    return { ...base, kind: "edit", messageId, ...(edited ? saidIn(edited) : { text: "" }) };
  }
  const said = ownAndForwarded(saidIn(content), forwardedIn(content));
  const media = mediaOf(content);
  if (said.text === "" && !media) return undefined;
  return messageOf(people, { base, message, content, said, media });
}

/** Where it comes from, when that is all that can be told of it. */
export async function unreadable(people: People, message: WAMessage, now: number): Promise<Inbound> {
  return { ...(await origin(people, message, now)), kind: "unreadable", why: "WhatsApp delivered a damaged message." };
}

async function origin(people: People, message: WAMessage, now: number) {
  const { key, pushName } = message;
  const address = key.remoteJid ?? "";
  const fromSelf = key.fromMe === true;
  // Of our own messages the other address is our own, not the chat's.
  const chat = await people.chat(address, fromSelf ? undefined : key.remoteJidAlt);
  const author = isGroup(address) ? (key.participant ?? "") : address;
  const other = isGroup(address) ? key.participantAlt : key.remoteJidAlt;
  const sender = fromSelf ? people.self : await people.peer(author, other, pushName);
  const messageId = key.id ?? "";
  const keys: [string] = [`${chat.id} ${sender.id} ${messageId}`];
  const seconds = Number(message.messageTimestamp);
  const at = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : now;
  return { keys, at, chat, sender, messageId, fromSelf };
}

/** What was read of a message so far. */
interface Parts {
  readonly base: Awaited<ReturnType<typeof origin>>;
  readonly message: WAMessage;
  readonly content: proto.IMessage;
  readonly said: ReturnType<typeof ownAndForwarded>;
  readonly media: MediaRef | undefined;
}

function messageOf(people: People, { base, message: { message }, content, said, media }: Parts): Inbound {
  const context = contextOf(content);
  const album = (content.messageContextInfo ?? message?.messageContextInfo)?.messageAssociation?.parentMessageKey?.id;
  return {
    ...base,
    kind: "message",
    ...said,
    media: media ? [media] : [],
    // WhatsApp says that it was passed on, and never from whom.
    ...(context?.isForwarded && { forwardedFrom: "" }),
    replyTo: quoteOf(people, context),
    mentionsSelf: (context?.mentionedJid ?? []).some((address) => people.isSelf(address)),
    ...(album && { albumId: album }),
  };
}

function quoteOf(people: People, context: proto.IContextInfo | undefined): Quote | undefined {
  if (!context?.stanzaId) return undefined;
  const text = context.quotedMessage ? readIn(context.quotedMessage) : "";
  return {
    messageId: context.stanzaId,
    fromSelf: people.isSelf(context.participant),
    ...(text && { text }),
    isClaimed: true,
  };
}

/** Mentions and quotes stand in whichever part the message has. */
function contextOf(content: proto.IMessage): proto.IContextInfo | undefined {
  for (const part of Object.values(content)) {
    const { contextInfo } = (part ?? {}) as { contextInfo?: proto.IContextInfo | null };
    if (contextInfo) return contextInfo;
  }
  return undefined;
}

/** What its sender wrote; other kinds of content are told in words. */
function saidIn(content: proto.IMessage): Said {
  const written =
    content.conversation ||
    content.extendedTextMessage?.text ||
    content.imageMessage?.caption ||
    content.videoMessage?.caption ||
    content.documentMessage?.caption ||
    pollText(content);
  if (written) return typed(written);
  return content.locationMessage ? placeSaid(content.locationMessage) : typed("");
}

/**
 * What others wrote: the card of a contact, and the label of a button or of an entry in a list. The gateway sends no
 * buttons on WhatsApp, so whoever composed that message chose the label, and its sender has only touched it.
 */
function forwardedIn(content: proto.IMessage): Forwarded[] {
  const { buttonsResponseMessage: button, templateButtonReplyMessage: reply, listResponseMessage: choice } = content;
  const label = button?.selectedDisplayText || reply?.selectedDisplayText || choice?.title;
  const { contactMessage: contact } = content;
  return [
    ...(label ? [{ text: label, origin: "whoever composed the button" }] : []),
    ...(contact
      ? [{ text: `Contact: ${contact.displayName ?? ""}\n${contact.vcard ?? ""}`.trim(), origin: "a contact card" }]
      : []),
  ];
}

/** All of it as a reader would read it. */
function readIn(content: proto.IMessage): string {
  const parts = [shown(saidIn(content), "whatsapp"), ...forwardedIn(content).map(({ text }) => text)];
  return parts.filter((part) => part !== "").join("\n");
}

function pollText(content: proto.IMessage): string {
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3;
  if (!poll) return "";
  return [`Poll: ${poll.name ?? ""}`, ...(poll.options ?? []).map(({ optionName }) => `- ${optionName}`)].join("\n");
}

function placeSaid({ degreesLatitude, degreesLongitude, name, address }: proto.Message.ILocationMessage): Said {
  const called = [name, address].filter(Boolean).join(", ");
  const where = typed(`Location: ${degreesLatitude}, ${degreesLongitude}`);
  return called === "" ? where : joined([where, typed(" ("), other({ name: called }), typed(")")]);
}
