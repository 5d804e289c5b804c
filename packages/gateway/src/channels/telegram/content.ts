/** What a Telegram message says: its text as people read it, its files, and everything else that it can hold. */
import type { Message, MessageEntity } from "grammy/types";
import type { MediaKind, MediaRef } from "../../kit/channel-message.ts";
import type { Card, Item } from "../../kit/content/item.ts";
import { contactIn } from "../../kit/content/vcard.ts";
import type { Rule } from "../../kit/rules.ts";
import { asTyped, foreignName, type SenderText, withForeignNames } from "../../kit/text/sender-text.ts";
import { richCard } from "./rich.ts";

/** What a message holds, or a part of one. */
export interface Parts {
  readonly said: SenderText;
  readonly media: readonly MediaRef[];
  readonly items: readonly Item[];
  /** Something that cannot be shown: Telegram's name of it, and what it is. */
  readonly unread?: { readonly what: string; readonly why: string } | undefined;
  readonly nobody?: string | undefined;
}

/** What goes around the content of a message: who, where, when, and in answer to what. */
type Around = keyof Message.MediaMessage;
type Kind = Exclude<keyof Message, Around | "text" | "entities">;
type Reads<K extends Kind> = (content: NonNullable<Message[K]>, message: Message) => Partial<Parts>;

const left = (why: string) => ({ unread: `${why} Nobody is asked anything by that.` });
const call = left("A call in the group was planned, begun or ended, or somebody was invited to it.");
const topic = left("A topic was made, renamed, opened or closed.");
const suggested = left("Something became of a post that somebody had suggested.");
const settings = left("Somebody changed how the chat looks or works.");

/** Everything that a message of the Bot API can hold. */
const KINDS: { readonly [K in Kind]-?: Rule<Reads<K>> } = {
  photo: { read: (sizes) => ({ media: [media("image", largest(sizes), "image/jpeg")] }) },
  live_photo: {
    read: ({ photo, ...video }) => ({
      media: [...(photo?.length ? [media("image", largest(photo), "image/jpeg")] : []), media("video", video)],
    }),
  },
  // It is also sent as a document, for old clients.
  animation: { read: (file) => ({ media: [media("video", file)] }) },
  document: { read: (file, { animation }) => ({ media: animation ? [] : [media("document", file)] }) },
  video: { read: (file) => ({ media: [media("video", file)] }) },
  video_note: { read: (file) => ({ media: [media("video", file, "video/mp4")] }) },
  voice: { read: (file) => ({ media: [media("voice", file, "audio/ogg")] }) },
  audio: { read: (file) => ({ media: [media("audio", file)] }) },
  sticker: {
    read: (sticker) => ({
      media: [media("sticker", sticker, stickerType(sticker))],
      items: [{ kind: "sticker", emoji: sticker.emoji, set: sticker.set_name }],
    }),
  },
  paid_media: {
    read: ({ star_count, paid_media }) => ({
      items: [
        {
          kind: "withheld",
          what: `${paid_media.length} paid photos or videos (${star_count} stars)`,
          why: "Telegram shows them to who has paid",
        },
      ],
    }),
  },
  rich_message: { read: (message) => richCard(message) },
  contact: {
    read: ({ first_name, last_name, phone_number, vcard }) => {
      const card = contactIn(vcard ?? "", [first_name, last_name].filter(Boolean).join(" "));
      return { items: [{ ...card, numbers: [...new Set([phone_number, ...(card.numbers ?? [])])] }] };
    },
  },
  venue: {
    read: ({ title, address, location: { latitude, longitude } }) => ({
      items: [{ kind: "place", latitude, longitude, name: title, address }],
    }),
  },
  location: {
    read: ({ latitude, longitude, live_period }, { venue }) => ({
      items: venue ? [] : [{ kind: "place", latitude, longitude, ...(live_period && { isLive: true }) }],
    }),
  },
  poll: {
    read: ({
      question,
      options,
      allows_multiple_answers,
      type,
      is_closed,
      description,
      explanation,
      media: shown,
    }) => ({
      media: [shown, ...options.map(({ media: each }) => each)].flatMap(pollMedia),
      items: [
        {
          kind: "poll",
          question,
          answers: options.map(({ text }) => text),
          ...{ isMultiple: allows_multiple_answers, isQuiz: type === "quiz", isClosed: is_closed },
        },
        ...(description ? (card("About the poll", { text: description }).items ?? []) : []),
        ...(explanation ? (card("Why, in the quiz", { text: explanation }).items ?? []) : []),
      ],
    }),
  },
  poll_option_added: left("Somebody added an answer to a poll."),
  poll_option_deleted: left("Somebody took an answer of a poll away."),
  dice: { read: ({ emoji, value }) => card(`Dice ${emoji}`, { title: String(value) }) },
  game: {
    read: ({ title, description, text }) =>
      card("Game", { title, text: [description, text].filter(Boolean).join("\n") }),
  },
  checklist: {
    read: ({ title, tasks }) =>
      card("Checklist", {
        title,
        facts: tasks.map(({ text, completion_date }) => [completion_date ? "done" : "open", text] as const),
      }),
  },
  checklist_tasks_done: {
    read: ({ checklist_message, marked_as_done_task_ids = [], marked_as_not_done_task_ids = [] }) => {
      const text = (id: number) =>
        checklist_message?.checklist?.tasks.find((task) => task.id === id)?.text ?? `number ${id}`;
      return card("Checklist, changed", {
        title: checklist_message?.checklist?.title,
        facts: [
          ...marked_as_done_task_ids.map((id) => ["done", text(id)] as const),
          ...marked_as_not_done_task_ids.map((id) => ["open again", text(id)] as const),
        ],
      });
    },
  },
  checklist_tasks_added: {
    read: ({ checklist_message, tasks }) =>
      card("Checklist, longer", {
        title: checklist_message?.checklist?.title,
        facts: tasks.map(({ text }) => ["added", text] as const),
      }),
  },
  story: {
    read: () => ({ items: [{ kind: "withheld", what: "a story", why: "Telegram does not show stories to bots" }] }),
  },
  invoice: {
    read: ({ title, description, total_amount, currency }) =>
      card("Invoice", { title, text: description, facts: [["amount", `${total_amount} ${currency}, smallest units`]] }),
  },
  successful_payment: {
    read: ({ total_amount, currency }) =>
      card("Payment", { facts: [["amount", `${total_amount} ${currency}, smallest units`]] }),
  },
  refunded_payment: {
    read: ({ total_amount, currency }) =>
      card("Payment, given back", { facts: [["amount", `${total_amount} ${currency}, smallest units`]] }),
  },
  users_shared: {
    read: ({ users }) => ({
      items: users.map(({ first_name, last_name, username, user_id }) => ({
        kind: "contact",
        name: [first_name, last_name].filter(Boolean).join(" ") || username || String(user_id),
        organization: `Telegram user ${user_id}`,
      })),
    }),
  },
  chat_shared: {
    read: ({ title, chat_id }) => card("Chat", { title: title ?? String(chat_id), facts: [["id", String(chat_id)]] }),
  },
  web_app_data: { read: ({ data, button_text }) => card("Form", { title: button_text, text: data }) },
  giveaway: {
    read: ({ winners_selection_date: at, ...giveaway }) =>
      card("Giveaway", { text: giveaway.prize_description, facts: [...prizes(giveaway), ["ends", timeText(at)]] }),
  },
  giveaway_winners: {
    read: ({ winners = [], ...giveaway }) =>
      card("Giveaway, ended", {
        text: giveaway.prize_description,
        facts: [
          ...prizes(giveaway),
          ...winners.map(({ first_name, id }) => ["won by", `${first_name} (${id})`] as const),
        ],
      }),
  },
  giveaway_created: left("A giveaway was begun."),
  giveaway_completed: left("A giveaway ended."),
  gift: { read: ({ text, gift }) => card("Gift", { title: gift.sticker.emoji, text }) },
  gift_upgrade_sent: { read: ({ text, gift }) => card("Gift, made better", { title: gift.sticker.emoji, text }) },
  unique_gift: { read: ({ text, gift }) => card("Gift", { title: gift.name, text }) },
  suggested_post_info: suggested,
  suggested_post_approved: suggested,
  suggested_post_approval_failed: suggested,
  suggested_post_declined: suggested,
  suggested_post_paid: suggested,
  suggested_post_refunded: suggested,
  community_chat_added: settings,
  community_chat_removed: settings,
  community_chat_joined: settings,
  chat_owner_left: settings,
  chat_owner_changed: settings,
  new_chat_title: settings,
  new_chat_photo: settings,
  delete_chat_photo: settings,
  group_chat_created: settings,
  supergroup_chat_created: settings,
  channel_chat_created: settings,
  managed_bot_created: settings,
  message_auto_delete_timer_changed: settings,
  chat_background_set: settings,
  paid_message_price_changed: settings,
  direct_message_price_changed: settings,
  new_chat_members: left("Somebody joined the chat."),
  left_chat_member: left("Somebody left the chat."),
  pinned_message: left("Somebody pinned a message."),
  boost_added: left("Somebody boosted the chat."),
  connected_website: left("Somebody signed in on a website with Telegram."),
  write_access_allowed: left("Somebody allowed the bot to write to them."),
  passport_data: { unread: "Somebody shared documents of Telegram Passport, which are encrypted." },
  proximity_alert_triggered: left("Two people who share their places came close to each other."),
  forum_topic_created: topic,
  forum_topic_edited: topic,
  forum_topic_closed: topic,
  forum_topic_reopened: topic,
  general_forum_topic_hidden: topic,
  general_forum_topic_unhidden: topic,
  video_chat_scheduled: call,
  video_chat_started: call,
  video_chat_ended: call,
  video_chat_participants_invited: call,
  migrate_to_chat_id: { nobody: "read as a move of the chat" },
  migrate_from_chat_id: { nobody: "the other side of a move of the chat" },
};

/** Everything that a message holds; also of an answered message of another chat, which has the same fields. */
export function partsOf(message: Message): Parts {
  const written = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities ?? [];
  const all: Partial<Parts>[] = [];
  for (const [kind, content] of Object.entries(message)) {
    const rule = Object.hasOwn(KINDS, kind) ? (KINDS[kind as Kind] as Rule<Reads<Kind>>) : undefined;
    if (content === null || content === undefined || !rule) continue;
    if ("read" in rule) all.push(rule.read(content as never, message));
    else if ("unread" in rule) all.push({ unread: { what: kind, why: rule.unread } });
    else all.push(rule);
  }
  const buttons = (message.reply_markup?.inline_keyboard ?? []).flat().map(({ text }) => text);
  return {
    said: written === undefined ? asTyped("") : writtenIn(written, entities),
    media: all.flatMap(({ media: files = [] }) => files),
    items: [
      ...all.flatMap(({ items = [] }) => items),
      ...(buttons.length > 0 ? (card("Buttons", { buttons }).items ?? []) : []),
    ],
    unread: all.find(({ unread }) => unread)?.unread,
    nobody: all.find(({ nobody }) => nobody)?.nobody,
  };
}

/** What can be won. */
function prizes(giveaway: {
  readonly winner_count: number;
  readonly prize_star_count?: number;
  readonly premium_subscription_month_count?: number;
}): [string, string][] {
  const { winner_count, prize_star_count: stars, premium_subscription_month_count: months } = giveaway;
  return [
    ["winners", String(winner_count)],
    ...(stars ? [["stars", String(stars)] as [string, string]] : []),
    ...(months ? [["months of Premium", String(months)] as [string, string]] : []),
  ];
}

function timeText(seconds: number): string {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? "" : `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Pictures and the like of a poll and of its answers. */
function pollMedia(shown: NonNullable<Message["poll"]>["media"]): readonly MediaRef[] {
  return shown ? partsOf({ ...shown } as Message).media : [];
}

function card(name: string, rest: Omit<Card, "kind" | "name">): Partial<Parts> {
  return { items: [{ kind: "card", name, ...rest }] };
}

/**
 * The text as it was typed: a mention by name is the name that somebody else chose, and the address behind each linked
 * word follows it, because what is seen in the app alone would be lost.
 */
function writtenIn(text: string, entities: readonly MessageEntity[]): SenderText {
  if (typeof text !== "string") throw new TypeError("the text is not a string");
  return withForeignNames(
    text,
    entities.flatMap((entity) => {
      const { offset: start, length } = entity;
      const marked = text.slice(start, start + length);
      if (entity.type === "text_mention")
        return [{ start, length, said: foreignName({ sign: "@", name: marked, id: String(entity.user.id) }) }];
      if (entity.type === "text_link" && marked !== entity.url)
        return [{ start, length, said: asTyped(`${marked} (${entity.url})`) }];
      return [];
    }),
  );
}

function largest<Size extends { readonly width: number; readonly height: number }>(sizes: readonly Size[]): Size {
  return sizes.reduce((one, foreignName) =>
    foreignName.width * foreignName.height > one.width * one.height ? foreignName : one,
  );
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
