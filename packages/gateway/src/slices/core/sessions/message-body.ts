/**
 * How a message is kept: its text once, in the column that is searched, and everything else as JSON beside it. Where the
 * text of a part stands in the column, the JSON says from where to where. Versions before kept it in both places.
 */
import { stored } from "../../../base/store/stored.ts";
import type { NewMessage, StoredPart } from "./transcript.ts";

/** What the JSON holds: a message without what has columns of its own. */
export type MessageBody = Omit<NewMessage, "role" | "runId">;

type TextPart = Extract<StoredPart, { type: "text" }>;
/** A text part as it is kept; `at` is a place in the column, in UTF-16 units: where it begins, and how long it is. */
type KeptText = Omit<TextPart, "text"> & { readonly at: readonly [from: number, length: number] };
type KeptPart = StoredPart | KeptText;

/** Shorter texts take no more room than their place. */
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

/** The message that `bodyOf` has kept. */
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

/** SQLite keeps UTF-8, in which half a character cannot be written, and in some places ends a text at a zero. */
function isSameInColumn(text: string): boolean {
  return text.length >= MIN_CHARS && text.isWellFormed() && !text.includes("\0");
}
