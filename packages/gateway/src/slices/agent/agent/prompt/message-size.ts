/** Estimates the tokens of messages, on the safe side. */
import { tokensIn } from "../../../../kit/text/tokens.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";

/** Characters of a token in alphabetic scripts, on the safe side, and the tokens of a picture. */
const CHARS_PER_TOKEN = 3;
const IMAGE_TOKENS = 1_600;
/** Characters around the arguments of a call. */
const CALL_CHARS = 50;
/** Tokens of the line that says whose words follow. */
const FRAME_TOKENS = 30;

/** The assumed window of a model that names none: small enough for models at home. */
const UNKNOWN_WINDOW = 16_000;
/** The conversation's share of the window; the rest is for the answer, the system prompt and the tools. */
const HISTORY_SHARE = 0.6;

/** The tokens of a conversation that a model may be shown. */
export function roomIn({ contextWindow = UNKNOWN_WINDOW }: { readonly contextWindow?: number | undefined }): number {
  return contextWindow * HISTORY_SHARE;
}

/** Tokens of a text. */
export function tokensOfText(text: string): number {
  return tokensIn(text, CHARS_PER_TOKEN);
}

/** How many characters of a text take so many tokens. */
export function charsFor(tokens: number, text: string): number {
  return Math.floor(tokens * (text === "" ? CHARS_PER_TOKEN : text.length / tokensOfText(text)));
}

type Sized = Pick<StoredMessage, "content"> & { readonly role?: string };

/** What messages take never changes, and long conversations are counted in every run. */
const known = new WeakMap<Sized, number>();

/** Tokens of one message. */
export function tokensOf(message: Sized): number {
  const before = known.get(message);
  if (before !== undefined) return before;
  const counted = count(message);
  known.set(message, counted);
  return counted;
}

function count({ content, role }: Sized): number {
  const frame = role === "toolResult" ? FRAME_TOKENS : 0;
  return 4 + frame + sum(content.map((part) => (part.type === "image" ? IMAGE_TOKENS : tokensOfPart(part))));
}

/** Tokens of several. */
export function tokensOfAll(messages: readonly Sized[]): number {
  return sum(messages.map(tokensOf));
}

function tokensOfPart(part: Exclude<StoredPart, { type: "image" }>): number {
  if (part.type === "text") return tokensOfText(part.text) + (part.from ? FRAME_TOKENS : 0);
  if (part.type === "thinking") return tokensOfText(part.thinking);
  return tokensOfText(JSON.stringify(part.arguments ?? {})) + CALL_CHARS / CHARS_PER_TOKEN;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
