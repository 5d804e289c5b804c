/** What of a conversation a model is shown: the newest messages that fit, tool calls always with their answers. */

import type { ModelMessage, ModelPart, ToolReply } from "../models/port.ts";
import type { MediaRef } from "../sessions/media.ts";
import { textOf } from "../sessions/sessions.ts";
import type { StoredMessage, StoredPart } from "../sessions/transcript.ts";
import { BUILTIN } from "./run-store.ts";

/** How many messages are looked at. */
export const HISTORY_MESSAGES = 400;

/** What a model's window is taken for when nobody says: small enough for models that run at home. */
const UNKNOWN_WINDOW = 16_000;
/** The rest is for the answer and the system prompt. */
const HISTORY_SHARE = 0.6;
/** Characters of a token, on the safe side; and what a picture counts for. */
const CHARS_PER_TOKEN = 3;
const IMAGE_TOKENS = 1_600;
const INTERRUPTED = "The gateway stopped while this call was under way; whether it took effect is not known.";

export interface HistoryOptions {
  readonly runId: string;
  /** Runs that have not ended: their messages are not yet part of the conversation. */
  readonly openRuns: ReadonlySet<string>;
  /** Calls of this run that are about to be made: they get no answer here. */
  readonly pending?: ReadonlySet<string> | undefined;
  /** `provider/model` that will read it: what only its maker understands goes to no other. */
  readonly modelRef?: string | undefined;
  readonly contextWindow: number | undefined;
  readonly image: (part: MediaRef) => Uint8Array | undefined;
}

/**
 * The messages for a model, oldest first, beginning with a person's; what this run has said and heard is last and is
 * always there. Commands and their answers are left out, neighbours of one role are joined: some models insist on turns.
 */
export function modelMessages(transcript: readonly StoredMessage[], options: HistoryOptions): ModelMessage[] {
  const commands = new Set(
    transcript.flatMap(({ provider, runId }) => (provider === BUILTIN.provider && runId ? [runId] : [])),
  );
  const isPart = ({ runId }: StoredMessage) =>
    runId === undefined || !(commands.has(runId) || options.openRuns.has(runId));
  const own = transcript.filter((message) => message.runId === options.runId);
  const before = transcript.filter((message) => message.runId !== options.runId && isPart(message));
  const budget = (options.contextWindow ?? UNKNOWN_WINDOW) * HISTORY_SHARE - sum(own.map(tokensOf));
  const shown = [...newestThatFit(before, budget), ...own];
  return answered(joined(shown.map((message) => toModelMessage(message, options))), options.pending ?? new Set());
}

function newestThatFit(messages: readonly StoredMessage[], budget: number): StoredMessage[] {
  const kept: StoredMessage[] = [];
  let tokens = 0;
  for (const message of messages.toReversed()) {
    tokens += tokensOf(message);
    if (tokens > budget) break;
    kept.push(message);
  }
  return kept.reverse();
}

/** How many tokens a message takes, roughly and on the safe side. */
export function tokensOf({ content }: Pick<StoredMessage, "content">): number {
  return 4 + sum(content.map((part) => (part.type === "image" ? IMAGE_TOKENS : charsOf(part) / CHARS_PER_TOKEN)));
}

function charsOf(part: Exclude<StoredMessage["content"][number], { type: "image" }>): number {
  if (part.type === "text") return part.text.length;
  return part.type === "thinking" ? part.thinking.length : JSON.stringify(part.arguments ?? {}).length + 50;
}

function toModelMessage(message: StoredMessage, { image, modelRef }: HistoryOptions): ModelMessage {
  if (message.role === "toolResult") return { role: "tool", replies: [toReply(message, image)] };
  const isMaker = modelRef === `${message.provider}/${message.model}`;
  const parts = message.content.flatMap((part) => toParts(part, image, isMaker));
  return { role: message.role === "assistant" ? "assistant" : "user", content: parts };
}

function toParts(part: StoredPart, image: HistoryOptions["image"], isMaker: boolean): ModelPart[] {
  switch (part.type) {
    case "text":
      return part.text.trim() === "" ? [] : [{ kind: "text", text: part.text }];
    case "image":
      return imageOf(part, image);
    case "thinking":
      return isMaker ? [{ kind: "reasoning", text: part.thinking, providerData: part.providerData }] : [];
    case "toolCall": {
      const call = { kind: "tool-call" as const, callId: part.id, name: part.name, args: part.arguments };
      return [isMaker ? { ...call, providerData: part.providerData } : call];
    }
  }
}

function toReply(
  { content, toolCallId = "", toolName = "", isError = false }: StoredMessage,
  image: HistoryOptions["image"],
): ToolReply {
  const images = content.flatMap((part) => (part.type === "image" ? imageOf(part, image) : []));
  return { callId: toolCallId, name: toolName, text: textOf(content), isError, ...(images.length > 0 && { images }) };
}

function imageOf(part: MediaRef, image: HistoryOptions["image"]) {
  const data = image(part);
  return data ? [{ kind: "image" as const, mimeType: part.mimeType, data }] : [];
}

/** Neighbours of one role become one message; nothing stands before the first thing that a person said. */
function joined(messages: readonly ModelMessage[]): ModelMessage[] {
  const result: ModelMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (message.role === "tool") {
      if (last?.role === "tool")
        result[result.length - 1] = { role: "tool", replies: [...last.replies, ...message.replies] };
      else if (last) result.push(message);
      continue;
    }
    if (message.content.length === 0 || (!last && message.role === "assistant")) continue;
    if (last?.role === message.role && !hasCalls(last))
      result[result.length - 1] = { role: message.role, content: [...last.content, ...message.content] };
    else result.push(message);
  }
  return result;
}

/** Every call with exactly one answer behind it, wherever it was kept: providers refuse anything else. */
function answered(messages: readonly ModelMessage[], pending: ReadonlySet<string>): ModelMessage[] {
  return messages.flatMap((message, index): ModelMessage[] => {
    if (message.role === "tool") return [];
    const calls = callsOf(message).filter(({ callId }) => !pending.has(callId) || replyTo(callId, messages, index));
    if (calls.length === 0) return [message];
    const replies = calls.map(
      ({ callId, name }) => replyTo(callId, messages, index) ?? { callId, name, text: INTERRUPTED, isError: true },
    );
    return [message, { role: "tool", replies }];
  });
}

/** The answer to a call; ids may come back in later runs, so it is looked for up to the next call of the same id. */
function replyTo(callId: string, messages: readonly ModelMessage[], index: number): ToolReply | undefined {
  for (const message of messages.slice(index + 1)) {
    if (message.role !== "tool" && callsOf(message).some((call) => call.callId === callId)) return undefined;
    const reply = message.role === "tool" && message.replies.find((each) => each.callId === callId);
    if (reply) return reply;
  }
  return undefined;
}

function callsOf(message: ModelMessage) {
  return message.role === "tool" ? [] : message.content.filter((part) => part.kind === "tool-call");
}

function hasCalls(message: ModelMessage): boolean {
  return callsOf(message).length > 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
