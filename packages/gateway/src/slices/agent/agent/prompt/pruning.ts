/**
 * Replaces old tool results and pictures by a line that says what was there. This changes only what the model sees; the
 * transcript keeps everything.
 */
import { oneLine } from "../../../../kit/text/framing.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { textOf } from "../../../core/sessions/sessions.ts";
import { charsFor, tokensOf, tokensOfAll } from "./message-size.ts";

/** Shorter results are never replaced. */
const MIN_RESULT_CHARS = 400;
/** The least part of a result of the last step that is shown. */
const MIN_LAST_CHARS = 2_000;

/**
 * The conversation before a run, with turns older than the last `keepTurns` made small. A turn begins with a person's
 * message.
 */
export function pruned(
  messages: readonly StoredMessage[],
  { keepTurns, maxChars }: { readonly keepTurns: number; readonly maxChars: number },
): StoredMessage[] {
  const starts = messages.flatMap(({ role }, index) => (role === "user" ? [index] : []));
  const kept = keepTurns <= 0 ? messages.length : (starts.at(-keepTurns) ?? 0);
  return messages.map((message, index) => (index < kept ? shrinkMessage(message, maxChars) : message));
}

/**
 * A run's own messages within a number of tokens, as far as possible. Its oldest results are replaced first, then its
 * oldest steps are left out, and the newest results are cut last. People's messages stay.
 */
export function boundRun(own: readonly StoredMessage[], room: number): StoredMessage[] {
  if (tokensOfAll(own) <= room) return [...own];
  const lastStep = own.findLastIndex(({ role }) => role === "assistant");
  if (lastStep === -1) return [...own];
  const messages = [...own];
  for (let at = 0; at < lastStep && tokensOfAll(messages) > room; at++)
    messages[at] = shrinkMessage(messages[at]!, MIN_RESULT_CHARS);
  const steps = withoutOldSteps(messages.slice(0, lastStep), room - tokensOfAll(messages.slice(lastStep)));
  return [...steps, ...cutResults(messages.slice(lastStep), room - tokensOfAll(steps))];
}

/** Leaves out the oldest steps, calls with their answers, until the rest fits; a line says how many. */
function withoutOldSteps(messages: readonly StoredMessage[], room: number): StoredMessage[] {
  let kept = [...messages];
  let leftOut = 0;
  while (tokensOfAll(kept) > room) {
    const step = kept.findIndex(({ role }) => role === "assistant");
    if (step === -1) break;
    const next = kept.findIndex(({ role }, at) => at > step && role !== "toolResult");
    kept = [...kept.slice(0, step), ...kept.slice(next === -1 ? kept.length : next)];
    leftOut++;
  }
  if (leftOut === 0) return kept;
  const at = kept.findIndex(({ role }) => role === "user") + 1;
  const text = `${leftOut} earlier steps of this request are left out to save room; what they did is done.`;
  const from = { kind: "gateway" } as const;
  const note = { ...messages[0]!, role: "user" as const, content: [{ type: "text" as const, text, from }] };
  return [...kept.slice(0, at), note, ...kept.slice(at)];
}

/** Cuts the results of the last step in the middle when even they are too long together. */
function cutResults(messages: readonly StoredMessage[], room: number): StoredMessage[] {
  const over = tokensOfAll(messages) - room;
  const results = messages.filter(({ role }) => role === "toolResult");
  if (over <= 0 || results.length === 0) return [...messages];
  const each = (tokensOfAll(results) - over) / results.length;
  return messages.map((message) => {
    if (message.role !== "toolResult" || tokensOf(message) <= each) return message;
    return cut(message, Math.max(MIN_LAST_CHARS, charsFor(each, textOf(message.content))));
  });
}

function cut(message: StoredMessage, maxChars: number): StoredMessage {
  const text = textOf(message.content);
  if (text.length <= maxChars) return { ...message, content: message.content.map(withoutPicture) };
  const half = Math.floor(maxChars / 2);
  const middle = `\n\n[… ${text.length - 2 * half} of ${text.length} characters left out …]\n\n`;
  return {
    ...message,
    content: [{ type: "text", text: `${text.slice(0, half)}${middle}${text.slice(-half)}`.toWellFormed() }],
  };
}

/** Removes pictures and the text of a long result from a message; returns the message itself when it has neither. */
export function shrinkMessage(message: StoredMessage, maxChars: number): StoredMessage {
  const size = message.role === "toolResult" ? textOf(message.content).length : 0;
  if (size <= maxChars) {
    const hasPictures = message.content.some(({ type }) => type === "image");
    return hasPictures ? { ...message, content: message.content.map(withoutPicture) } : message;
  }
  const text =
    `[Left out to save room: ${size} characters that ${message.toolName ?? "the tool"} answered. ` +
    "Call it again if you need them and it changes nothing.]";
  return { ...message, content: [{ type: "text", text }] };
}

/** Replaces a picture by a line; other parts stay. */
export function withoutPicture(part: StoredPart): StoredPart {
  return part.type === "image" ? pictureNote(part) : part;
}

/** A text part that stands for a picture. */
export function pictureNote(part: Parameters<typeof pictureLine>[0]): Extract<StoredPart, { type: "text" }> {
  return { type: "text", text: pictureLine(part), from: { kind: "file" } };
}

/** The line for a picture that is not shown. */
export function pictureLine({
  fileName,
  mimeType,
}: {
  readonly fileName?: string | undefined;
  readonly mimeType: string;
}): string {
  return `[image: ${oneLine(fileName ?? "") || mimeType}]`;
}
