/** What is in a message: written as people's phones write it, read as they read it. */
import type { proto } from "@whiskeysockets/baileys";
import type { FakeFile } from "../platform.ts";
import type { FileUse, MediaHost } from "./media-host.ts";

/** What goes around a text. */
export interface Context {
  readonly mentions?: readonly string[];
  /** The message that it answers, and who wrote that. */
  readonly quote?: { readonly id: string; readonly author: string; readonly message: proto.IMessage } | undefined;
  /** It is passed on; by whom it was written first is not said. */
  readonly isForwarded?: boolean;
}

const USES = {
  image: "Image",
  video: "Video",
  audio: "Audio",
  voice: "Audio",
  document: "Document",
  sticker: "Image",
} as const;

/** A text as a message. */
export function textMessage(text: string, context: Context = {}): proto.IMessage {
  const contextInfo = contextOf(context);
  return contextInfo ? { extendedTextMessage: { text, contextInfo } } : { conversation: text };
}

/** A file as a message, with a text under it where its kind allows one. */
export function fileMessage(file: FakeFile, caption: string, context: Context, host: MediaHost): proto.IMessage {
  const contextInfo = contextOf(context);
  const { mimeType: mimetype, fileName } = file;
  const common = { ...host.encrypt(file.bytes, USES[file.kind]), mimetype, ...(contextInfo && { contextInfo }) };
  const captioned = { ...common, ...(caption && { caption }) };
  switch (file.kind) {
    case "image":
      return { imageMessage: captioned };
    case "video":
      return { videoMessage: captioned };
    case "audio":
      return { audioMessage: { ...common, seconds: 1 } };
    case "voice":
      return { audioMessage: { ...common, seconds: 1, ptt: true } };
    case "sticker":
      return { stickerMessage: common };
    case "document":
      return { documentMessage: { ...captioned, fileName, title: fileName } };
  }
}

/** Whether a text can be under it. */
export function takesCaption({ kind }: FakeFile): boolean {
  return kind === "image" || kind === "video" || kind === "document";
}

function contextOf({ mentions = [], quote, isForwarded = false }: Context): proto.IContextInfo | undefined {
  if (mentions.length === 0 && !quote && !isForwarded) return undefined;
  return {
    ...(mentions.length > 0 && { mentionedJid: [...mentions] }),
    ...(isForwarded && { isForwarded, forwardingScore: 1 }),
    ...(quote && { stanzaId: quote.id, participant: quote.author, quotedMessage: quote.message }),
  };
}

/** What a reader makes of a message of the account. */
export type Content =
  | {
      readonly kind: "message";
      readonly raw: string;
      readonly replyTo?: string | undefined;
      readonly files: readonly FakeFile[];
      readonly poll?: { readonly question: string; readonly options: readonly string[] } | undefined;
    }
  | { readonly kind: "edit"; readonly id: string; readonly raw: string }
  | { readonly kind: "unsend"; readonly id: string }
  | { readonly kind: "reaction"; readonly id: string; readonly emoji: string }
  /** Nothing that is shown: keys, settings of the chat. */
  | { readonly kind: "hidden" };

/** Reads a decrypted message; opens its file. */
export function contentOf(outer: proto.IMessage, host: MediaHost): Content {
  const message = outer.editedMessage?.message ?? outer.documentWithCaptionMessage?.message ?? outer;
  const { protocolMessage, reactionMessage } = message;
  if (reactionMessage) {
    return { kind: "reaction", id: reactionMessage.key?.id ?? "", emoji: reactionMessage.text ?? "" };
  }
  if (protocolMessage?.editedMessage) {
    return { kind: "edit", id: protocolMessage.key?.id ?? "", raw: textOf(protocolMessage.editedMessage) };
  }
  // The only other kind of protocol message that a reader sees; its number is 0, which is not on the wire.
  if (protocolMessage?.key?.id) return { kind: "unsend", id: protocolMessage.key.id };
  if (protocolMessage) return { kind: "hidden" };
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  const file = fileOf(message, host);
  const raw = textOf(message);
  if (!poll && !file && raw === "") return { kind: "hidden" };
  return {
    kind: "message",
    raw: poll ? (poll.name ?? "") : raw,
    replyTo: contextInfoOf(message)?.stanzaId ?? undefined,
    files: file ? [file] : [],
    poll: poll
      ? { question: poll.name ?? "", options: (poll.options ?? []).map(({ optionName }) => optionName ?? "") }
      : undefined,
  };
}

function textOf(message: proto.IMessage): string {
  return (
    message.conversation ??
    message.extendedTextMessage?.text ??
    message.imageMessage?.caption ??
    message.videoMessage?.caption ??
    message.documentMessage?.caption ??
    ""
  );
}

function contextInfoOf(message: proto.IMessage): proto.IContextInfo | null | undefined {
  return (
    message.extendedTextMessage ??
    message.imageMessage ??
    message.videoMessage ??
    message.documentMessage ??
    message.audioMessage ??
    message.stickerMessage ??
    message.pollCreationMessageV3
  )?.contextInfo;
}

interface FileFields {
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly mimetype?: string | null;
}

function fileOf(message: proto.IMessage, host: MediaHost): FakeFile | undefined {
  const { imageMessage, videoMessage, audioMessage, documentMessage, stickerMessage } = message;
  const opened = (fields: FileFields, use: FileUse, kind: FakeFile["kind"], fileName: string): FakeFile => {
    const bytes = host.decrypt(fields.directPath ?? "", fields.mediaKey ?? new Uint8Array(), use);
    return { bytes, mimeType: fields.mimetype ?? "", fileName, kind };
  };
  if (imageMessage) return opened(imageMessage, "Image", "image", "image");
  if (videoMessage) return opened(videoMessage, "Video", "video", "video");
  if (audioMessage) return opened(audioMessage, "Audio", audioMessage.ptt ? "voice" : "audio", "audio");
  if (stickerMessage) return opened(stickerMessage, "Image", "sticker", "sticker");
  if (documentMessage) return opened(documentMessage, "Document", "document", documentMessage.fileName ?? "document");
  return undefined;
}

/** A text as it is shown: WhatsApp's marks are taken out where they style something. */
export function withoutMarks(raw: string): string {
  return raw
    .split(/(```[\s\S]*?```|`[^`\n]+`)/)
    .map((part, index) => (index % 2 === 1 ? part.replace(/^`+\n?|\n?`+$/g, "") : unstyled(part)))
    .join("");
}

const STYLED = /(?<=^|[\s\p{P}])([*_~])(?=\S)([^\n]*?\S)\1(?=$|[\s\p{P}])/gmu;

function unstyled(text: string): string {
  const inner = text.replace(/^> ?/gm, "").replace(STYLED, "$2");
  return inner === text ? text : unstyled(inner);
}
