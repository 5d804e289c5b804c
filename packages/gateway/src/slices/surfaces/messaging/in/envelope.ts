/**
 * Turns messages of a channel into parts of a transcript: the source of each part, what it answers, what came with it.
 * The parts hold no explanations; these are added when a part is shown to a reader.
 */
import { defined } from "../../../../base/defined.ts";
import type { Inbound, InboundMessage, MediaRef, Origin } from "../../../../kit/channel-message.ts";
import { fileLabel } from "../../../../kit/content/content.ts";
import { type Item, itemText } from "../../../../kit/content/item.ts";
import type { Peer } from "../../../../kit/party.ts";
import { oneLine, type Source, type WordsKind } from "../../../../kit/text/framing.ts";
import { asArguments, lines, type SenderText, shown, startingAt } from "../../../../kit/text/sender-text.ts";
import type { ToolAudience } from "../../../../kit/tool.ts";
import { cleanMessage } from "../../../agent/agent/agent.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";

/** A file that came with a message: a picture the model can see, or words about it. */
export type ReceivedFile = StoredPart;

export interface ComposedMessage {
  /**
   * The text that the sender typed, with ids for names. Commands are looked for here, so nobody else's words are part
   * of it.
   */
  readonly message: string;
  readonly content: readonly StoredPart[];
}

const MAX_CONTEXT_CHARS = 12_000;
const MAX_QUOTE_CHARS = 500;
const MAX_ORIGIN_CHARS = 80;
/** The last moment that a `Date` can name, epoch ms. */
const MAX_DATE = 8.64e15;
/** The most characters of all files together. */
const MAX_FILE_CHARS = 200_000;

/** A message with the files that came with it. */
export interface ReceivedMessage {
  readonly message: InboundMessage;
  readonly files: readonly ReceivedFile[];
}

/** Makes one turn of a conversation from one message, or from several of one sender that belong together. */
export function composeMessage({
  channel,
  received,
  ownNames,
  context,
  standing,
  quoted,
  quotedFiles = [],
}: {
  readonly channel: string;
  readonly received: readonly ReceivedMessage[];
  /** The names by which people address the agent. */
  readonly ownNames: readonly string[];
  readonly context: readonly Inbound[];
  /** The writer's rights. */
  readonly standing: ToolAudience;
  /** The message that the last one answers, if the gateway has it. */
  readonly quoted: QuotedMessage | undefined;
  /** The files of the quoted message, where they were fetched. */
  readonly quotedFiles?: readonly ReceivedFile[];
}): ComposedMessage {
  const messages = received.map(({ message }) => message);
  const last = messages.at(-1)!;
  const by = (kind: WordsKind): Source => ({ ...sourceOf(kind, channel, last), standing });
  const said = lines(messages.filter(isOwn).map(cleaned));
  const message = shown(said, channel);
  return {
    message: asArguments(withoutAddress(said, ownNames), channel),
    content: [
      ...contextParts(channel, context),
      ...quoteParts(channel, last, quoted, quotedFiles),
      ...messages.flatMap((each) => forwardParts(each, by("forward"))),
      ...(message === "" ? [] : [{ type: "text" as const, text: message, from: by("message") }]),
      ...messages.flatMap((each) => itemParts(each, by)),
      ...fitting(
        received.flatMap(({ message: each, files }) =>
          files.map((file) =>
            withSource(
              file,
              isOwn(each) ? by("file") : { ...by("forward"), origin: originText(each.forwardedFrom ?? {}) },
            ),
          ),
        ),
      ),
    ],
  };
}

/** Who did something, as transcripts and news keep it. */
export function sourceOf(kind: WordsKind, channel: string, { sender, chat }: Pick<Inbound, "sender" | "chat">): Source {
  const name = nameOf(sender);
  const topic = oneLine(chat.threadTitle ?? "");
  return {
    kind,
    id: `${channel}:${sender.id}`,
    ...(name !== "" && { name }),
    ...(chat.kind !== "direct" && { isGroup: true }),
    ...(topic !== "" && { topic }),
  };
}

function isOwn({ forwardedFrom }: InboundMessage): boolean {
  return forwardedFrom === undefined;
}

/** Removes the address in front of a command: "@moltbot, /status" is `/status`. */
function withoutAddress(said: SenderText, ownNames: readonly string[]): SenderText {
  const { text } = said;
  for (const name of ownNames.toSorted((one, other) => other.length - one.length)) {
    for (const start of [`@${name}`, name]) {
      if (!text.toLowerCase().startsWith(start.toLowerCase())) continue;
      const blanks = /^[\s,:]+(?=\/)/.exec(text.slice(start.length));
      if (blanks) return startingAt(said, start.length + blanks[0].length);
    }
  }
  return said;
}

/** Earlier messages of a group that were not addressed to the agent; the newest that fit. */
function contextParts(channel: string, context: readonly Inbound[]): StoredPart[] {
  const parts: StoredPart[] = [];
  let chars = 0;
  for (const each of context.toReversed()) {
    if (each.kind !== "message") continue;
    for (const part of [
      ...contextPart(channel, each),
      ...forwardParts(each, sourceOf("forward", channel, each)),
      ...itemParts(each, (kind) => sourceOf(kind, channel, each)),
    ].reverse()) {
      if (part.type !== "text") continue;
      const room = MAX_CONTEXT_CHARS - chars;
      if (room <= 0) return parts.reverse();
      const text = part.text.length <= room ? part.text : `…${part.text.slice(-room).toWellFormed()}`;
      parts.push({ ...part, text });
      chars += text.length;
    }
  }
  return parts.reverse();
}

/** Files of the context are named, and not fetched. */
function contextPart(channel: string, message: InboundMessage): StoredPart[] {
  const own = isOwn(message) ? shown(cleaned(message), channel) : "";
  const text = [own, ...message.media.map(fileLabel)].filter((part) => part !== "").join("\n");
  return text === "" ? [] : [{ type: "text", text, from: sourceOf("context", channel, message) }];
}

/** The message that another one answers, as the gateway has it itself. */
export interface QuotedMessage {
  readonly text: string;
  /** The writer; undefined when the account wrote it. */
  readonly senderId: string | undefined;
  readonly media?: readonly MediaRef[] | undefined;
  readonly items?: readonly Item[] | undefined;
}

/**
 * The quoted message. Where a platform only passes on what the sender claims, the gateway's own copy is used; without a
 * copy, the quote has no author.
 */
function quoteParts(
  channel: string,
  { replyTo, chat }: InboundMessage,
  quoted: QuotedMessage | undefined,
  files: readonly ReceivedFile[],
): StoredPart[] {
  if (!replyTo) return [];
  const { isClaimed = false } = replyTo;
  const [trusted, other] = isClaimed ? [quoted, replyTo] : [replyTo, quoted];
  const said = quoteText(trusted) || quoteText(other);
  if (!said && files.length === 0) return [];
  const isOwn = isClaimed ? quoted !== undefined && quoted.senderId === undefined : replyTo.fromSelf;
  const id = (isClaimed ? undefined : replyTo.senderId) ?? quoted?.senderId;
  const name = isClaimed ? "" : oneLine(replyTo.senderName ?? "");
  const author = isOwn
    ? { id: "you" }
    : { ...(id !== undefined && { id: `${channel}:${id}` }), ...(name !== "" && { name }) };
  const from: Source = {
    kind: "quote",
    ...author,
    ...(chat.kind !== "direct" && { isGroup: true }),
    ...(replyTo.elsewhere && { origin: originText(replyTo.elsewhere) }),
  };
  return [{ type: "text", text: said, from }, ...files.map((file) => withSource(file, from))];
}

/** The text of a quote: its text, and descriptions of its other content. */
function quoteText(
  of: (Pick<QuotedMessage, "media" | "items"> & { readonly text?: string | undefined }) | undefined,
): string {
  const { text = "", items = [], media = [] } = of ?? {};
  return [clean(text.slice(0, MAX_QUOTE_CHARS)), ...items.map(itemText), ...media.map(fileLabel)]
    .filter((part) => part !== "")
    .join("\n");
}

/** The parts of a message that others wrote. */
function forwardParts(message: InboundMessage, from: Source): StoredPart[] {
  const { text, forwardedFrom, forwarded = [] } = message;
  const all = forwardedFrom === undefined ? forwarded : [{ text, origin: forwardedFrom }, ...forwarded];
  return all.flatMap(({ text: said, origin }): StoredPart[] => {
    const cleaned = clean(said).trim();
    return cleaned === "" ? [] : [{ type: "text", text: cleaned, from: { ...from, origin: originText(origin) } }];
  });
}

/** The parts of a message beside texts and files; forwarded ones are somebody else's. */
function itemParts(message: InboundMessage, by: (kind: WordsKind) => Source): StoredPart[] {
  const { items = [], forwardedFrom } = message;
  const from = forwardedFrom === undefined ? by("item") : { ...by("forward"), origin: originText(forwardedFrom) };
  return items.map((item) => ({ type: "text", text: clean(itemText(item)), from }));
}

/** "Carol (5) in The News (-100), 2026-11-30 08:15 UTC"; "" when nothing is told. */
export function originText({ who, where, at }: Origin): string {
  const isTime = at !== undefined && Math.abs(at) <= MAX_DATE;
  const when = isTime ? `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC` : "";
  const place = where ? `${who ? "in " : ""}${oneLine(where, MAX_ORIGIN_CHARS)}` : "";
  const named = [who ? oneLine(who, MAX_ORIGIN_CHARS) : "", place].filter((part) => part !== "").join(" ");
  return [named, when].filter((part) => part !== "").join(", ");
}

/** Gives a transcribed voice note the source of a written message. */
function withSource(file: ReceivedFile, from: Source): StoredPart {
  if (file.type !== "text") return file;
  const isSaid = from.kind === "file" && file.from?.kind === "message";
  const { title } = file.from ?? {};
  return { ...file, from: isSaid ? { ...from, kind: "message" } : { ...from, ...defined({ title }) } };
}

/** The parts of files, with their texts cut to the limit. */
function fitting(parts: readonly StoredPart[]): StoredPart[] {
  let room = MAX_FILE_CHARS;
  return parts.map((part) => {
    if (part.type !== "text") return part;
    const { text } = part;
    const kept = text.slice(0, room).toWellFormed();
    room -= kept.length;
    const left = text.length - kept.length;
    return left === 0 ? part : { ...part, text: `${kept}… (${left} more characters were left out)` };
  });
}

function nameOf({ name, username }: Pick<Peer, "name" | "username">): string {
  return oneLine(name ?? username ?? "");
}

function cleaned({ text, others }: InboundMessage): SenderText {
  return { text: clean(text).trim(), others };
}

function clean(text: string): string {
  return cleanMessage(text.replaceAll("\u0000", ""));
}
