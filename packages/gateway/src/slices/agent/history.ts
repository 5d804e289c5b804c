/** What of a conversation a model is shown: the newest messages that fit. */
import type { MediaRef } from "../sessions/media.ts";
import type { StoredMessage } from "../sessions/transcript.ts";
import type { ModelMessage, ModelPart } from "./models.ts";
import { BUILTIN } from "./run-store.ts";

/** How many messages are looked at. */
export const HISTORY_MESSAGES = 200;

/** What a model's window is taken for when nobody says: small enough for models that run at home. */
const UNKNOWN_WINDOW = 16_000;
/** The rest is for the answer and the system prompt. */
const HISTORY_SHARE = 0.6;
/** Characters of a token, on the safe side; and what a picture counts for. */
const CHARS_PER_TOKEN = 3;
const IMAGE_TOKENS = 1_600;

export interface HistoryOptions {
  readonly runId: string;
  /** Runs that have not ended: their messages are not yet part of the conversation. */
  readonly openRuns: ReadonlySet<string>;
  readonly contextWindow: number | undefined;
  readonly image: (part: MediaRef) => Uint8Array | undefined;
}

/**
 * The messages for a model, oldest first, beginning with a person's; the message of this run is the last and is always
 * there. Commands and their answers are left out, neighbours of one role are joined: some models insist on turns.
 */
export function modelMessages(transcript: readonly StoredMessage[], options: HistoryOptions): ModelMessage[] {
  const commands = new Set(
    transcript.flatMap(({ provider, runId }) => (provider === BUILTIN.provider && runId ? [runId] : [])),
  );
  const isPart = ({ runId }: StoredMessage) =>
    runId === undefined || !(commands.has(runId) || options.openRuns.has(runId));
  const own = transcript.filter((message) => message.runId === options.runId && message.role === "user");
  const before = transcript.filter((message) => message.runId !== options.runId && isPart(message));
  const budget = (options.contextWindow ?? UNKNOWN_WINDOW) * HISTORY_SHARE;
  return joined(newestThatFit([...before, ...own], budget).map((message) => toModelMessage(message, options.image)));
}

function newestThatFit(messages: readonly StoredMessage[], budget: number): StoredMessage[] {
  const kept: StoredMessage[] = [];
  let tokens = 0;
  for (const message of messages.toReversed()) {
    tokens += tokensOf(message);
    if (tokens > budget && kept.length > 0) break;
    kept.push(message);
  }
  return kept.reverse();
}

function tokensOf({ content }: StoredMessage): number {
  return content.reduce(
    (sum, part) => sum + (part.type === "text" ? part.text.length / CHARS_PER_TOKEN : IMAGE_TOKENS),
    4,
  );
}

function toModelMessage({ role, content }: StoredMessage, image: HistoryOptions["image"]): ModelMessage {
  const parts = content.flatMap((part): ModelPart[] => {
    if (part.type === "text") return part.text.trim() === "" ? [] : [{ kind: "text", text: part.text }];
    const data = image(part);
    return data ? [{ kind: "image", mimeType: part.mimeType, data }] : [];
  });
  return { role: role === "assistant" ? "assistant" : "user", content: parts };
}

function joined(messages: readonly ModelMessage[]): ModelMessage[] {
  const result: ModelMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (message.content.length === 0 || (!last && message.role === "assistant")) continue;
    if (last?.role === message.role)
      result[result.length - 1] = { role: last.role, content: [...last.content, ...message.content] };
    else result.push(message);
  }
  return result;
}
