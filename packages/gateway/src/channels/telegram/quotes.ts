/** What a message of Telegram quotes, and where it was passed on from. */

import type { Message, MessageOrigin } from "grammy/types";
import type { Content, Origin, Quote } from "../../kit/channel-message.ts";
import { shown } from "../../kit/text/sender-text.ts";
import { partsOf } from "./content.ts";
import { millis, peerOf, placeOf, type Reader, senderOf, titleOf } from "./parties.ts";

/** What a message answers, or quotes of another chat. */
export function quoteOf(message: Message, reader: Reader): Quote | undefined {
  const { reply_to_message: answered, external_reply: external, reply_to_story: story, quote } = message;
  if (story) {
    const withheld = { kind: "withheld", what: "a story", why: "Telegram does not show stories to bots" } as const;
    return {
      messageId: `story:${story.id}`,
      fromSelf: false,
      items: [withheld],
      elsewhere: { where: titleOf(story.chat) },
    };
  }
  if (external) {
    const { origin, chat, message_id } = external;
    const elsewhere = { ...passedOnFrom(origin), ...(chat && { where: placeOf(chat) }) };
    const messageId = message_id === undefined ? "elsewhere" : String(message_id);
    return {
      messageId,
      fromSelf: false,
      ...shownIn(
        { ...external, message_id: message_id ?? 0, date: origin.date, chat: chat ?? message.chat },
        quote?.text,
      ),
      elsewhere,
    };
  }
  // Every message of a topic "answers" the one that opened it.
  if (!answered || answered.forum_topic_created) return undefined;
  return {
    messageId: String(answered.message_id),
    fromSelf: answered.from?.id === reader.id,
    ...shownIn(answered as Message, quote?.text ?? lineOf(message, answered as Message)),
    senderId: senderOf(answered as Message).id,
    senderName: senderOf(answered as Message).name,
  };
}

/** The task of a checklist, or the answer of a poll, that is meant. */
function lineOf(
  { reply_to_checklist_task_id: task, reply_to_poll_option_id: option }: Message,
  { checklist, poll }: Message,
): string | undefined {
  if (task !== undefined) return checklist?.tasks.find(({ id }) => id === task)?.text;
  return option === undefined ? undefined : poll?.options.find(({ persistent_id: id }) => id === option)?.text;
}

/** What an answered message holds; `quoted` is the stretch of its text that was picked out. */
function shownIn(message: Message, quoted: string | undefined): Pick<Quote, "text" | "media" | "items"> {
  const { said, media, items } = partsOf(message);
  const text = quoted ?? shown(said, "telegram");
  return { ...(text !== "" && { text }), ...(media.length > 0 && { media }), ...(items.length > 0 && { items }) };
}

/** Whether its sender wrote it: they did not pass it on, and no inline bot composed it. */
export function isOwn({ forward_origin, via_bot }: Message): boolean {
  return !forward_origin && !via_bot;
}

/**
 * Whose text it is when it is not the sender's own: they passed it on, or an inline bot composed it. A channel's posts
 * that come into its own discussion group are its own words.
 */
export function originOf(
  { forward_origin: origin, is_automatic_forward: isAutomatic, via_bot: bot }: Message,
  reader: Reader,
): Pick<Content, "forwardedFrom"> {
  if (bot && bot.id !== reader.id) return { forwardedFrom: { who: `${peerOf(bot).name} (${bot.id})` } };
  return !origin || isAutomatic ? {} : { forwardedFrom: passedOnFrom(origin) };
}

function passedOnFrom(origin: MessageOrigin): Origin {
  const at = millis(origin.date);
  switch (origin.type) {
    case "user":
      return { who: `${peerOf(origin.sender_user).name} (${origin.sender_user.id})`, at };
    case "hidden_user":
      return { who: origin.sender_user_name, at };
    case "chat":
      return { who: origin.author_signature, where: placeOf(origin.sender_chat), at };
    case "channel":
      return { who: origin.author_signature, where: placeOf(origin.chat), at };
    default:
      return {};
  }
}
