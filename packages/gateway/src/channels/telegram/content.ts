/** What a Telegram message says: its text as people read it, and its files. */
import type { Message, MessageEntity } from "grammy/types";
import type { MediaKind, MediaRef } from "../../kit/channel.ts";
import { joined, label, other, type Said, typed, withOthers } from "../../kit/text/said.ts";

export interface Content {
  readonly said: Said;
  readonly media: readonly MediaRef[];
}

/** The content of a message; undefined when it only reports something about the chat (a pin, a new title). */
export function contentOf(message: Message): Content | undefined {
  const media = mediaOf(message);
  const written = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities ?? [];
  if (written !== undefined) return { said: writtenIn(written, entities), media };
  const told = media.length > 0 ? typed("") : describe(message);
  return told === undefined ? undefined : { said: told, media };
}

/**
 * The text as it was typed: a mention by name is the name that somebody else chose, and the address behind each linked
 * word follows it, because what is seen in the app alone would be lost.
 */
function writtenIn(text: string, entities: readonly MessageEntity[]): Said {
  if (typeof text !== "string") throw new TypeError("the text is not a string");
  return withOthers(
    text,
    entities.flatMap((entity) => {
      const { offset: start, length } = entity;
      const marked = text.slice(start, start + length);
      if (entity.type === "text_mention")
        return [{ start, length, said: other({ sign: "@", name: marked, id: String(entity.user.id) }) }];
      if (entity.type === "text_link" && marked !== entity.url)
        return [{ start, length, said: typed(`${marked} (${entity.url})`) }];
      return [];
    }),
  );
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
function describe(message: Message): Said | undefined {
  const { contact, venue, location, poll, dice, story, game, checklist, paid_media, invoice, giveaway } = message;
  if (contact) {
    const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
    return joined([label("[contact: ", { name }, ", "), label("", { name: contact.phone_number }, "]")]);
  }
  if (venue)
    return joined([
      label("[place: ", { name: venue.title }, ", "),
      label("", { name: venue.address }, ` (${venue.location.latitude}, ${venue.location.longitude})]`),
    ]);
  if (location) return typed(`[location: ${location.latitude}, ${location.longitude}]`);
  if (poll) return typed(`[poll: ${poll.question} — ${poll.options.map(({ text }) => text).join(" / ")}]`);
  if (dice) return typed(`[dice ${dice.emoji}: ${dice.value}]`);
  if (checklist)
    return typed(`[checklist: ${checklist.title} — ${checklist.tasks.map(({ text }) => text).join(" / ")}]`);
  if (story) return typed("[story]");
  if (game) return label("[game: ", { name: game.title }, "]");
  if (paid_media) return typed("[paid media]");
  if (invoice) return label("[invoice: ", { name: invoice.title }, "]");
  if (giveaway) return typed("[giveaway]");
  return undefined;
}
