/** What a Telegram message says: its text as people read it, and its files. */
import type { Message, MessageEntity } from "grammy/types";
import type { MediaKind, MediaRef } from "../../kit/channel.ts";

export interface Content {
  readonly text: string;
  readonly media: readonly MediaRef[];
}

/** The content of a message; undefined when it only reports something about the chat (a pin, a new title). */
export function contentOf(message: Message): Content | undefined {
  const media = mediaOf(message);
  const written = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities ?? [];
  if (written !== undefined) return { text: withAddresses(written, entities), media };
  const told = media.length > 0 ? "" : describe(message);
  return told === undefined ? undefined : { text: told, media };
}

/** The text with the address behind each linked word after it; what is seen in the app alone would be lost. */
function withAddresses(text: string, entities: readonly MessageEntity[]): string {
  const links = entities
    .filter((entity) => entity.type === "text_link")
    .sort((one, other) => other.offset - one.offset);
  return links.reduce((whole, { offset, length, url }) => {
    const label = whole.slice(offset, offset + length);
    return label === url ? whole : `${whole.slice(0, offset + length)} (${url})${whole.slice(offset + length)}`;
  }, text);
}

function mediaOf(message: Message): MediaRef[] {
  const largest = message.photo?.reduce((one, other) =>
    other.width * other.height > one.width * one.height ? other : one,
  );
  if (largest) return [media("image", largest, "image/jpeg")];
  // An animation is also sent as a document, for old clients.
  if (message.animation) return [media("video", message.animation)];
  if (message.video) return [media("video", message.video)];
  if (message.video_note) return [media("video", message.video_note, "video/mp4")];
  if (message.voice) return [media("voice", message.voice, "audio/ogg")];
  if (message.audio) return [media("audio", message.audio)];
  if (message.document) return [media("document", message.document)];
  if (message.sticker) return [media("sticker", message.sticker, stickerType(message.sticker))];
  return [];
}

interface TelegramFile {
  readonly file_id: string;
  readonly file_size?: number;
  readonly file_name?: string;
  readonly mime_type?: string;
}

function media(kind: MediaKind, file: TelegramFile, usualType?: string): MediaRef {
  return {
    ref: file.file_id,
    kind,
    mimeType: file.mime_type ?? usualType,
    fileName: file.file_name,
    sizeBytes: file.file_size,
  };
}

function stickerType(sticker: { is_animated: boolean; is_video: boolean }): string {
  if (sticker.is_animated) return "application/x-tgsticker";
  return sticker.is_video ? "video/webm" : "image/webp";
}

/** Messages without text and files, told in words. */
function describe(message: Message): string | undefined {
  const { contact, venue, location, poll, dice, story, game, checklist, paid_media, invoice, giveaway } = message;
  if (contact) {
    const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
    return `[contact: ${name}, ${contact.phone_number}]`;
  }
  if (venue)
    return `[place: ${venue.title}, ${venue.address} (${venue.location.latitude}, ${venue.location.longitude})]`;
  if (location) return `[location: ${location.latitude}, ${location.longitude}]`;
  if (poll) return `[poll: ${poll.question} — ${poll.options.map(({ text }) => text).join(" / ")}]`;
  if (dice) return `[dice ${dice.emoji}: ${dice.value}]`;
  if (checklist) return `[checklist: ${checklist.title} — ${checklist.tasks.map(({ text }) => text).join(" / ")}]`;
  if (story) return "[story]";
  if (game) return `[game: ${game.title}]`;
  if (paid_media) return "[paid media]";
  if (invoice) return `[invoice: ${invoice.title}]`;
  if (giveaway) return "[giveaway]";
  return undefined;
}
