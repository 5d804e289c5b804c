/**
 * How a message is stored. Its text is stored once, in the column that is searched; the rest is JSON beside it. A part
 * whose text is in the column is stored as a position and a length. Earlier versions stored the text in both places.
 */
import { stored } from "../../../../base/store/stored.ts";
import type { NewMessage, StoredPart } from "./stored-message.ts";

/** The content of the JSON: a message without the fields that have columns. */
export type MessageBody = Omit<NewMessage, "role" | "runId">;

type TextPart = Extract<StoredPart, { type: "text" }>;
/** A text part as it is stored; `at` is its position and length in the column, in UTF-16 units. */
type KeptText = Omit<TextPart, "text"> & { readonly at: readonly [from: number, length: number] };
type KeptPart = StoredPart | KeptText;

/** Shorter texts take no more room than a position. */
const MIN_CHARS = 16;

/** The JSON of a message whose column holds `text`. */
export function bodyOf(message: MessageBody, text: string): string {
  let from = 0;
  const content = message.content.map((part): KeptPart => {
    if (part.type !== "text" || !isSameInColumn(part.text)) return part;
    const found = text.indexOf(part.text, from);
    if (found < 0) return part;
    from = found + part.text.length;
    const { text: said, ...rest } = part;
    return { ...rest, at: [found, said.length] };
  });
  return JSON.stringify({ ...message, content });
}

/** Restores the message that `bodyOf` has stored. */
export function messageIn(body: string, text: string): MessageBody {
  const message = stored<MessageBody & { readonly content: readonly KeptPart[] }>(body);
  return { ...message, content: message.content.map((part) => (isPlace(part) ? wholePart(part, text) : part)) };
}

function isPlace(part: KeptPart): part is KeptText {
  return "at" in part;
}

function wholePart({ at: [from, length], ...part }: KeptText, text: string): TextPart {
  return { ...part, text: text.slice(from, from + length) };
}

/**
 * Whether SQLite stores a text unchanged: half a surrogate pair cannot be written as UTF-8, and a zero character ends a
 * text in some places.
 */
function isSameInColumn(text: string): boolean {
  return text.length >= MIN_CHARS && text.isWellFormed() && !text.includes("\0");
}
