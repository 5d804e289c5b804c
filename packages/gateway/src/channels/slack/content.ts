/** What a message of Slack holds: its text, its files, and what it shows of others. */

import {
  type Content,
  type Forwarded,
  type MediaKind,
  type MediaRef,
  ownAndForwarded,
} from "../../kit/channel-message.ts";
import { type Card, type Item, itemText } from "../../kit/content/item.ts";
import { oneLine } from "../../kit/text/one-line.ts";
import { asTyped, joined, label, lines, type SenderText, shown } from "../../kit/text/sender-text.ts";
import { cardsIn, typedIn } from "./blocks.ts";
import type { SlackAttachment, SlackFile, SlackMessage } from "./events.ts";
import type { Reader } from "./places.ts";
import { readable } from "./readable.ts";

/** What a message holds. */
export function contentOf(message: SlackMessage, reader: Reader): Content {
  const { attachments = [], files = [], bot_id, blocks, text } = message;
  const isProgram = bot_id !== undefined;
  const shared = isProgram ? [] : attachments;
  const items = [
    ...cardsIn(blocks, reader, text),
    ...(isProgram ? attachments.flatMap((attachment) => attachmentCards(attachment, reader)) : []),
    ...files.flatMap(withheldIn),
    ...files.flatMap(describedIn),
  ];
  const media = [...files, ...shared.flatMap((attachment) => attachment.files ?? [])].flatMap(mediaOf);
  return {
    ...ownAndForwarded(
      saidIn(message, reader),
      shared.flatMap((attachment) => forwardedIn(attachment, reader)),
    ),
    media,
    ...(items.length > 0 && { items }),
    mentionsSelf: message.type === "app_mention" || text.includes(`<@${reader.userId}`),
  };
}

/** What was typed, and where else it keeps files. */
function saidIn({ text, files = [] }: SlackMessage, { userId, names }: Reader): SenderText {
  const elsewhere = files.filter(({ is_external }) => is_external).map(externalFile);
  return lines([readable(text, userId, names), ...elsewhere]);
}

/** What a program attaches to its message. */
function attachmentCards(attachment: SlackAttachment, reader: Reader): Item[] {
  const { title, title_link: url, fields = [], actions = [] } = attachment;
  const asRead = (text = "") => shown(readable(text, reader.userId, reader.names), "slack");
  const card: Card = {
    kind: "card",
    name: "Card",
    title: asRead(title),
    text: attachmentLines(attachment).map(asRead).join("\n"),
    facts: fields.map((each) => [asRead(each.title), asRead(each.value)] as const),
    buttons: actions.flatMap(({ text }) => text || []),
    url,
  };
  const isBare = itemText(card) === card.name;
  return [...(isBare ? [] : [card]), ...cardsIn(attachment.blocks, reader)];
}

function attachmentLines(attachment: SlackAttachment): string[] {
  const { pretext, text, footer, blocks, fallback, title, fields = [], image_url: image } = attachment;
  const picture = typeof image === "string" && image !== "" ? `Picture: ${image}` : undefined;
  const own = [pretext, text, picture, footer].flatMap((line) => line || []);
  // Old clients are shown this instead of everything else.
  const isElse = own.length > 0 || title !== undefined || fields.length > 0 || blocks !== undefined;
  return isElse ? own : [fallback].flatMap((line) => line || []);
}

/** A file of another service has the name that its owner there gave it. */
function externalFile({ name, url_private: url }: SlackFile): SenderText {
  const address = url !== undefined && URL.canParse(url) ? new URL(url).href : "";
  return joined([label("[file: ", { name }), asTyped(address === "" ? "]" : ` ${address}]`)]);
}

/** A message that somebody shares, or the preview of a page. */
function forwardedIn(attachment: SlackAttachment, reader: Reader): Forwarded[] {
  const {
    author_name: name,
    author_id: id,
    channel_name: channel,
    service_name: service,
    from_url: url,
    ts,
  } = attachment;
  const blocks = [attachment.blocks, ...(attachment.message_blocks ?? []).map(({ message }) => message?.blocks)];
  const typedText = attachment.text ?? blocks.map(typedIn).filter(Boolean).join("\n");
  const text = [
    ...attachmentCards({ ...attachment, text: typedText, blocks: undefined }, reader),
    ...blocks.flatMap((each) => cardsIn(each, reader, typedText || " ")),
  ]
    .map(itemText)
    .map((each) => each.replace(/^Card(?::\s*|\n)/, ""))
    .join("\n");
  if (text === "") return [];
  const who = [name, id && `(${id})`].filter(Boolean).join(" ");
  const place = channel ? `#${channel}` : who === "" ? url || service : service;
  const at = ts === undefined ? Number.NaN : Number(ts) * 1000;
  return [
    { text, origin: { ...(who && { who }), ...(place && { where: place }), ...(Number.isFinite(at) && { at }) } },
  ];
}

/** Files that are named and cannot be had any more. */
function withheldIn({ mode, name = "a file" }: SlackFile): Item[] {
  if (mode === "tombstone") return [{ kind: "withheld", what: oneLine(name), why: "it was deleted" }];
  if (mode === "hidden_by_limit")
    return [{ kind: "withheld", what: oneLine(name), why: "the workspace's plan hides old files" }];
  return [];
}

/** What somebody wrote about a file for those who do not see it. */
function describedIn({ alt_txt: text, name }: SlackFile): Item[] {
  return typeof text === "string" && text.trim() !== ""
    ? [{ kind: "card", name: "About the file", title: name, text }]
    : [];
}

/** Files that Slack itself keeps; deleted ones and those of other services cannot be fetched. */
function mediaOf(file: SlackFile): readonly MediaRef[] {
  if (typeof file.id !== "string" || file.is_external || file.mode === "tombstone" || file.mode === "hidden_by_limit")
    return [];
  return [{ ref: file.id, kind: kindOf(file), mimeType: file.mimetype, fileName: file.name, sizeBytes: file.size }];
}

function kindOf({ mimetype = "", subtype }: SlackFile): MediaKind {
  if (subtype === "slack_audio") return "voice";
  const [kind] = mimetype.split("/");
  return kind === "image" || kind === "video" || kind === "audio" ? kind : "document";
}
