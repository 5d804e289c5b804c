/** What we send, as the library takes it. */
import type { AnyMessageContent } from "@whiskeysockets/baileys";
import type { Outbound, OutboundMedia } from "../../kit/channel-message.ts";

/**
 * Our message's id: the client's id behind the prefix that web clients use. The same message sent again has the same id,
 * and phones show an id once.
 */
export function messageIdOf(clientId: string): string {
  return `3EB0${clientId.toUpperCase()}`;
}

/** The id of the text that follows a file which cannot carry one. */
export function textIdOf(clientId: string): string {
  return `3EB1${clientId.toUpperCase()}`;
}

/** A text; no preview of its links is fetched. */
export function textContent(text: string): AnyMessageContent {
  return { text, linkPreview: null };
}

/** A message's parts in the order in which they are sent: a text that its file cannot carry follows it. */
export function contentsOf({ text, media }: Outbound): readonly AnyMessageContent[] {
  if (!media) return [textContent(text.text)];
  const caption = text.text;
  if (caption === "") return [fileContent(media, "")];
  return takesCaption(media) ? [fileContent(media, caption)] : [fileContent(media, ""), textContent(caption)];
}

function takesCaption({ kind }: OutboundMedia): boolean {
  return kind === "image" || kind === "video" || kind === "document";
}

const VOICE_TYPE = "audio/ogg; codecs=opus";

function fileContent({ kind, path, mimeType, fileName }: OutboundMedia, text: string): AnyMessageContent {
  const file = { url: path };
  const caption = text === "" ? {} : { caption: text };
  switch (kind) {
    case "image":
      return { image: file, mimetype: mimeType, ...caption };
    case "video":
      return { video: file, mimetype: mimeType, ...caption };
    case "voice":
      // Phones play nothing else as a voice note.
      if (/^audio\/(ogg|opus)/.test(mimeType)) return { audio: file, mimetype: VOICE_TYPE, ptt: true };
      return { audio: file, mimetype: mimeType };
    case "audio":
      return { audio: file, mimetype: mimeType };
    case "sticker":
      return { sticker: file, mimetype: mimeType };
    case "document":
      return { document: file, mimetype: mimeType, fileName, ...caption };
  }
}
