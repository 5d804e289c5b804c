/** Messages and chats in the shapes of BlueBubbles. */
import type { MacChat, MacMessage } from "./mac.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** The reactions that have names; any other emoji is sent as it is. */
export const TAPBACKS: Readonly<Record<string, string>> = {
  love: "❤️",
  like: "👍",
  dislike: "👎",
  laugh: "😂",
  emphasize: "‼️",
  question: "❓",
};

/** A message as the server serves it. */
export function onWire(message: MacMessage): Fields {
  const { id, guid, chat, sender, text, at, files, tapback, clientId } = message;
  return {
    originalROWID: id,
    guid,
    ...(clientId !== undefined && { tempGuid: clientId }),
    text: files.length > 0 ? `${"\ufffc".repeat(files.length)}${text}` : text,
    ...((message.mentions ?? []).length > 0 && { attributedBody: styled(text, message) }),
    handle: sender === undefined ? null : { address: sender, service: chat.service },
    isFromMe: sender === undefined,
    dateCreated: at,
    dateEdited: message.editedAt ?? null,
    dateRetracted: message.unsentAt ?? null,
    threadOriginatorGuid: message.replyTo ?? null,
    associatedMessageGuid: tapback ? `p:0/${tapback.target}` : null,
    associatedMessageType: tapback ? tapbackType(tapback) : null,
    associatedMessageEmoji: tapback && !nameOf(tapback.emoji) ? tapback.emoji : null,
    itemType: 0,
    groupActionType: 0,
    attachments: files.map((file, index) => ({
      guid: `${guid}-${index}`,
      mimeType: file.mimeType,
      transferName: file.kind === "voice" ? "Audio Message.caf" : file.fileName,
      totalBytes: file.bytes.length,
      isSticker: file.kind === "sticker",
      uti: file.kind === "voice" ? "com.apple.coreaudio-format" : "public.data",
    })),
    chats: [chatOnWire(chat)],
    ...message.fields,
  };
}

export function chatOnWire({ guid, identifier, name, participants, isGroup }: MacChat) {
  return {
    guid,
    chatIdentifier: identifier,
    displayName: name,
    style: isGroup ? 43 : 45,
    participants: participants.map((address) => ({ address })),
  };
}

/** The styled text in which Messages says what of it is a mention. The marks of files are counted. */
function styled(text: string, { mentions = [], files }: MacMessage): unknown {
  const runs = mentions.map(({ start, length, handle }) => ({
    range: [start + files.length, length],
    attributes: { __kIMMessagePartAttributeName: 0, __kIMMentionConfirmedMention: handle },
  }));
  return [{ string: text, runs }];
}

function nameOf(emoji: string): string | undefined {
  return Object.keys(TAPBACKS).find((name) => TAPBACKS[name] === emoji);
}

function tapbackType({ emoji, isRemoved }: NonNullable<MacMessage["tapback"]>): string {
  return `${isRemoved ? "-" : ""}${nameOf(emoji) ?? "emoji"}`;
}
