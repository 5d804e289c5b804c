/**
 * Selects the part of a conversation that a model sees: a summary of the old part, and the newest messages that fit.
 */

import { isBlank } from "../../../../base/text/blank.ts";
import { framed } from "../../../../kit/text/framing.ts";
import type { MediaRef } from "../../../core/sessions/media.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { textOf } from "../../../core/sessions/sessions.ts";
import type { ModelMessage, ModelPart, ToolReply } from "../../models/port.ts";
import { BUILTIN } from "../run/run-store.ts";
import { answered, joinNeighbours } from "./call-pairs.ts";
import { type FramingContext, framedPart, isSharedIn } from "./framed-parts.ts";
import { roomIn, tokensOf, tokensOfAll, tokensOfText } from "./message-size.ts";
import { boundRun, pictureLine, pictureNote, pruned, shrinkMessage } from "./pruning.ts";

/** The most messages that are read. */
export const HISTORY_MESSAGES = 1_000;

/**
 * Old results are replaced only when the conversation takes more than this part of its room, because caches need stable
 * text.
 */
const PRUNE_FROM = 0.5;

const NOT_SHOWN = "[What it answered is not shown: it was called for somebody who may do more.]";

/** A summary that stands for all messages up to one of them. */
export interface Summary {
  readonly text: string;
  /** The id of the last message that it stands for. */
  readonly to: string;
  /** Whether it holds tool results of the owner's; others do not see it then. */
  readonly isPrivate?: boolean | undefined;
}

export interface HistoryOptions extends Pick<FramingContext, "mark" | "record" | "conceal"> {
  readonly runId: string;
  /** Runs that have not ended: their messages are not yet part of the conversation. */
  readonly openRuns: ReadonlySet<string>;
  /** Calls of this run that are about to be made; they get no placeholder answer. */
  readonly pending?: ReadonlySet<string> | undefined;
  /** The `provider/model` that reads it; reasoning of another maker's model is left out. */
  readonly modelRef?: string | undefined;
  readonly contextWindow: number | undefined;
  /** The share of the usual room that may be used; all of it when absent. */
  readonly share?: number | undefined;
  readonly summary?: Summary | undefined;
  /** How old results are replaced; not at all when absent. */
  readonly pruning?: { readonly keepLastTurns: number; readonly maxChars: number } | undefined;
  /** Whether the model takes pictures; others are told that there is one. */
  readonly seesPictures?: boolean | undefined;
  /** Whether this run may see tool results of another run; when absent, of all. */
  readonly mayRead?: ((runId: string | undefined) => boolean) | undefined;
  readonly image: (part: MediaRef) => Uint8Array | undefined;
}

const WITHHELD = "The earlier part of this conversation is for its owner and is not shown here.";

/** A conversation as a model is shown it. */
export interface History {
  readonly messages: ModelMessage[];
  /** Roughly. */
  readonly tokens: number;
  /** Messages that are in no summary and do not fit. */
  readonly leftOut: number;
  /** Whether anybody but the owner has spoken in it. */
  readonly isShared: boolean;
}

/**
 * The messages for a model, oldest first, beginning with a person's. This run's own messages come last and are always
 * included. Commands and their answers are left out, and neighbours of one role are joined, because some models require
 * alternating turns.
 */
export function readHistory(transcript: readonly StoredMessage[], options: HistoryOptions): History {
  const { runId, openRuns, summary, pruning, share = 1 } = options;
  const room = roomIn(options) * share;
  const own = boundRun(
    transcript.filter((message) => message.runId === runId),
    room,
  );
  const ownTokens = tokensOfAll(own);
  const before = messagesAfter(
    conversationOf(transcript, openRuns).filter((message) => message.runId !== runId),
    summary,
  ).map((message) => visibleMessage(message, options));
  const isLarge = pruning !== undefined && tokensOfAll(before) + ownTokens > room * PRUNE_FROM;
  const slim = isLarge ? pruned(before, { keepTurns: pruning.keepLastTurns - 1, maxChars: pruning.maxChars }) : before;
  const opening = summary
    ? [summaryMessage(options.mayRead && summary.isPrivate ? { ...summary, text: WITHHELD } : summary, options.mark)]
    : [];
  const openingTokens = summary ? tokensOfText(summary.text) : 0;
  const { kept, tokens } = newestThatFit(slim, room - ownTokens - openingTokens);
  const isShared = isSharedIn([...kept, ...own], options.record);
  const framing = { ...options, isShared };
  const shown = [...kept, ...own].map((message) => toModelMessage(message, framing));
  return {
    messages: answered(joinNeighbours([...opening, ...shown]), options.pending ?? new Set()),
    tokens: openingTokens + tokens + ownTokens,
    leftOut: slim.length - kept.length,
    isShared,
  };
}

/**
 * A predicate for reading a transcript backwards, so that a long one costs no more than what is shown. For each
 * message, newest first, it returns whether earlier ones may still be shown. They may not when the messages so far fill
 * the room in their smallest form; `readHistory` then finds one that does not fit.
 */
export function roomLeft(
  options: Pick<HistoryOptions, "runId" | "openRuns" | "contextWindow" | "share" | "pruning" | "mayRead">,
): (message: StoredMessage) => boolean {
  const { runId, openRuns, pruning, share = 1 } = options;
  const commands = new Set<string>();
  let room = roomIn(options) * share;
  return (message) => {
    if (message.provider === BUILTIN.provider && message.runId) commands.add(message.runId);
    const isSaid = isConversation(message, (id) => commands.has(id) || openRuns.has(id) || id === runId);
    if (!isSaid) return true;
    const shown = visibleMessage(message, options);
    room -= tokensOf(pruning ? shrinkMessage(shown, pruning.maxChars) : shown);
    return room >= 0;
  };
}

/** The messages of people and the model, without commands, runs under way, and summaries. */
export function conversationOf(transcript: readonly StoredMessage[], openRuns: ReadonlySet<string>): StoredMessage[] {
  const commands = new Set(
    transcript.flatMap(({ provider, runId }) => (provider === BUILTIN.provider && runId ? [runId] : [])),
  );
  return transcript.filter((message) => isConversation(message, (id) => commands.has(id) || openRuns.has(id)));
}

function isConversation({ role, runId }: StoredMessage, isLeftOut: (runId: string) => boolean): boolean {
  return role !== "system" && (runId === undefined || !isLeftOut(runId));
}

/** The messages after a summary; all of them when its last message is no longer there. */
export function messagesAfter(messages: readonly StoredMessage[], summary: Summary | undefined): StoredMessage[] {
  return messages.slice(messages.findIndex(({ id }) => id === summary?.to) + 1);
}

/** A message as this run may see it. The starter of its run is looked up only when the message holds tool results. */
function visibleMessage(message: StoredMessage, { mayRead }: Pick<HistoryOptions, "mayRead">): StoredMessage {
  return mayRead && tellsOfTools(message) && !mayRead(message.runId) ? withoutToolTraffic(message) : message;
}

/** Whether a message holds tool calls, tool results or reasoning. */
export function tellsOfTools({ role, content }: Pick<StoredMessage, "role" | "content">): boolean {
  // People's messages, of which a long history has many, are not looked through.
  if (role !== "assistant") return role === "toolResult";
  return content.some(({ type }) => type === "toolCall" || type === "thinking");
}

/** A message without tool calls, tool results and reasoning. */
export function withoutToolTraffic(message: StoredMessage): StoredMessage {
  if (message.role === "toolResult") return { ...message, content: [{ type: "text", text: NOT_SHOWN }] };
  if (message.role !== "assistant") return message;
  const content = message.content.flatMap((part): StoredPart[] => {
    if (part.type === "thinking") return [];
    return [part.type === "toolCall" ? { ...part, arguments: {}, providerData: undefined } : part];
  });
  return { ...message, content };
}

function summaryMessage({ text }: Summary, mark: string): ModelMessage {
  return { role: "user", content: [{ kind: "text", text: framed(mark, { text, from: { kind: "summary" } }) }] };
}

function newestThatFit(
  messages: readonly StoredMessage[],
  budget: number,
): { readonly kept: readonly StoredMessage[]; readonly tokens: number } {
  let tokens = 0;
  for (let at = messages.length - 1; at >= 0; at--) {
    const more = tokensOf(messages[at]!);
    if (tokens + more > budget) return { kept: messages.slice(at + 1), tokens };
    tokens += more;
  }
  return { kept: messages, tokens };
}

type ShownTo = HistoryOptions & FramingContext;

function toModelMessage(message: StoredMessage, options: ShownTo): ModelMessage {
  if (message.role === "toolResult") return { role: "tool", replies: [toReply(message, options)] };
  const [only] = message.content;
  // Most messages are one text; a long history has hundreds of them.
  const parts =
    only !== undefined && message.content.length === 1
      ? toParts(only, message, options)
      : withTextsJoined(message.content.flatMap((part) => toParts(part, message, options)));
  return { role: message.role === "assistant" ? "assistant" : "user", content: parts };
}

/** Joins neighbouring texts with a blank line between them. */
function withTextsJoined(parts: readonly ModelPart[]): ModelPart[] {
  const joinedParts: ModelPart[] = [];
  for (const part of parts) {
    const last = joinedParts.at(-1);
    if (part.kind === "text" && last?.kind === "text")
      joinedParts[joinedParts.length - 1] = { kind: "text", text: `${last.text}\n\n${part.text}` };
    else joinedParts.push(part);
  }
  return joinedParts;
}

function toParts(part: StoredPart, message: StoredMessage, options: ShownTo): ModelPart[] {
  const isMaker = options.modelRef === `${message.provider}/${message.model}`;
  switch (part.type) {
    case "text":
      return isBlank(part.text) && !part.from ? [] : [{ kind: "text", text: framedPart(part, message, options) }];
    case "image":
      return options.seesPictures === false
        ? [{ kind: "text", text: framedPart(pictureNote(part), message, options) }]
        : imageOf(part, options.image);
    case "thinking":
      return isMaker && isNeededAgain(message, options)
        ? [{ kind: "reasoning", text: part.thinking, providerData: part.providerData }]
        : [];
    case "toolCall": {
      const call = { kind: "tool-call" as const, callId: part.id, name: part.name, args: part.arguments };
      return [isMaker ? { ...call, providerData: part.providerData } : call];
    }
  }
}

/** Whether reasoning must be sent back: makers require it before tool calls, not after an answer. */
function isNeededAgain({ runId, content }: StoredMessage, options: Pick<HistoryOptions, "runId">): boolean {
  return runId === options.runId || content.some(({ type }) => type === "toolCall");
}

function toReply(message: StoredMessage, { image, mark, seesPictures = true }: HistoryOptions): ToolReply {
  const { content, toolCallId = "", toolName = "", isError = false } = message;
  const pictures = content.filter((part) => part.type === "image");
  const images = seesPictures ? pictures.flatMap((part) => imageOf(part, image)) : [];
  const lines = seesPictures ? [] : pictures.map(pictureLine);
  const text = [textOf(content), ...lines].filter((each) => each !== "").join("\n\n");
  return {
    ...{ callId: toolCallId, name: toolName, isError },
    text: toolWords(mark, toolName, text),
    ...(images.length > 0 && { images }),
  };
}

/** A tool result as a model sees it. */
export function toolWords(mark: string, tool: string, text: string): string {
  return framed(mark, { text, from: { kind: "tool", id: tool } });
}

function imageOf(part: MediaRef, image: HistoryOptions["image"]) {
  const data = image(part);
  return data ? [{ kind: "image" as const, mimeType: part.mimeType, data }] : [];
}
