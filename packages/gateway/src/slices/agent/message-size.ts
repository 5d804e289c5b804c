/** How much room messages take in a model's window: roughly, and on the safe side. */
import type { StoredMessage, StoredPart } from "../sessions/transcript.ts";

/** Characters of a token, on the safe side; and what a picture counts for. */
export const CHARS_PER_TOKEN = 3;
const IMAGE_TOKENS = 1_600;
/** The line that says whose words follow. */
const FRAME_TOKENS = 30;

/** What a model's window is taken for when nobody says: small enough for models that run at home. */
const UNKNOWN_WINDOW = 16_000;
/** The rest is for the answer, the system prompt and the tools. */
const HISTORY_SHARE = 0.6;

/** Tokens of a conversation that a model is shown. */
export function roomIn({ contextWindow = UNKNOWN_WINDOW }: { readonly contextWindow?: number | undefined }): number {
  return contextWindow * HISTORY_SHARE;
}

/** Tokens of one message. */
export function tokensOf({ content, role }: Pick<StoredMessage, "content"> & { role?: string }): number {
  const frame = role === "toolResult" ? FRAME_TOKENS : 0;
  return (
    4 + frame + sum(content.map((part) => (part.type === "image" ? IMAGE_TOKENS : charsOf(part) / CHARS_PER_TOKEN)))
  );
}

/** Tokens of several. */
export function tokensOfAll(messages: readonly (Pick<StoredMessage, "content"> & { role?: string })[]): number {
  return sum(messages.map(tokensOf));
}

function charsOf(part: Exclude<StoredPart, { type: "image" }>): number {
  if (part.type === "text") return part.text.length + (part.from ? FRAME_TOKENS * CHARS_PER_TOKEN : 0);
  return part.type === "thinking" ? part.thinking.length : JSON.stringify(part.arguments ?? {}).length + 50;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
