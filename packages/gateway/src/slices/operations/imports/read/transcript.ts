/**
 * Transcripts of the other gateways. Each is a tree: an entry names the one before it, and the conversation is the way
 * from the last entry back to the first. What is on other branches was taken back by its writer.
 */
import type { FoundMessage, FoundPart } from "../found.ts";
import { countIn, type Fields, fieldsOf, listIn, textIn, timeIn } from "./fields.ts";

/** An entry, and the number of its line or row. */
export interface Entry {
  readonly line: number;
  readonly fields: Fields;
}

/** The messages between two resets. */
export interface Span {
  /** Why it began; undefined for the first. */
  readonly reason?: string | undefined;
  readonly messages: FoundMessage[];
}

/** The spans of one transcript, the last one last, and what was left out of it. */
export interface ReadTranscript {
  readonly spans: readonly Span[];
  /** How many messages are on other branches. */
  readonly elsewhere: number;
}

const ROLES: ReadonlySet<string> = new Set(["user", "assistant", "toolResult", "system"]);

/**
 * Reads the messages of a transcript in order. `media` reads a picture that is named and not held. A reset that is in
 * the transcript names the first message that goes on; what is older is a span of its own.
 */
export function messagesOf(entries: readonly Entry[], media: MediaReader = () => undefined): ReadTranscript {
  const way = wayOf(entries);
  const all = entries.filter(({ fields }) => fields.type === "message").length;
  const spans: Span[] = [];
  let messages: FoundMessage[] = [];
  let reason: string | undefined;
  /** The ids by which summaries name the first message that they do not stand for. */
  const before = new Map<string, string>();
  for (const { line, fields } of way) {
    const id = textIn(fields.id) ?? `line-${line}`;
    if (fields.type === "reset") {
      const kept = messages.findIndex((each) => each.id === fields.firstKeptEntryId);
      const older = kept < 0 ? messages : messages.slice(0, kept);
      if (older.length > 0) spans.push({ reason, messages: older });
      messages = kept < 0 ? [] : messages.slice(kept);
      reason = textIn(fields.reason) ?? "reset";
      continue;
    }
    const previous = messages.at(-1)?.id;
    if (previous !== undefined) before.set(id, previous);
    const found = fields.type === "message" ? messageOf(fields, { id, media }) : summaryOf(fields, { id, before });
    if (found) messages.push(found);
  }
  spans.push({ reason, messages });
  return { spans, elsewhere: all - way.filter(({ fields }) => fields.type === "message").length };
}

/** Reads a named picture as base64; undefined when it is not there. */
export type MediaReader = (url: string) => { readonly data: string; readonly mimeType: string } | undefined;

/**
 * The entries on the way back from the last one. An entry whose `parentId` is absent follows the line before it: the
 * gateway writes such notes itself, and the next entry names the note. `null` is the beginning.
 */
function wayOf(entries: readonly Entry[]): Entry[] {
  const places = new Map<string, number>();
  for (const [index, { fields }] of entries.entries()) {
    const id = textIn(fields.id);
    if (id !== undefined) places.set(id, index);
  }
  const way: Entry[] = [];
  const seen = new Set<number>();
  let index = entries.length - 1;
  while (index >= 0 && !seen.has(index)) {
    seen.add(index);
    way.push(entries[index]!);
    const parent = entries[index]!.fields.parentId;
    // A parent that is not there was in a line that could not be read.
    index = parent === null ? firstBefore(entries, index) : (placeOf(places, parent) ?? index - 1);
  }
  return way.reverse();
}

/** An entry without a parent begins the tree; only the head of the file comes before it. */
function firstBefore(entries: readonly Entry[], index: number): number {
  return entries.slice(0, index).every(({ fields }) => fields.type !== "message") ? index - 1 : -1;
}

function placeOf(places: ReadonlyMap<string, number>, parent: unknown): number | undefined {
  return typeof parent === "string" ? places.get(parent) : undefined;
}

function messageOf(entry: Fields, { id, media }: { id: string; media: MediaReader }): FoundMessage | undefined {
  const said = fieldsOf(entry.message);
  const role = textIn(said.role);
  if (role === undefined || !ROLES.has(role)) return undefined;
  const content = contentOf(said, media);
  const errorMessage = textIn(said.errorMessage);
  if (content.length === 0 && errorMessage === undefined && role !== "assistant") return undefined;
  return {
    id,
    // The message says when it was said, the entry when it was written.
    at: timeIn(said.timestamp) ?? timeIn(entry.timestamp) ?? 0,
    message: {
      role: role as FoundMessage["message"]["role"],
      content: role === "user" ? content.flatMap(asSaid) : content,
      provider: textIn(said.provider),
      model: textIn(said.model),
      usage: usageOf(said.usage),
      stopReason: textIn(said.stopReason),
      errorMessage,
      toolCallId: textIn(said.toolCallId),
      toolName: textIn(said.toolName),
      ...(said.isError === true && { isError: true }),
    },
  };
}

function contentOf(said: Fields, media: MediaReader): FoundPart[] {
  const held = typeof said.content === "string" ? [{ type: "text", text: said.content }] : listIn(said.content);
  const named = listIn(fieldsOf(said.__openclaw).media).flatMap((each) => {
    const picture = media(textIn(fieldsOf(each).url) ?? "");
    return picture === undefined ? [] : [{ type: "picture" as const, ...picture }];
  });
  return [...held.flatMap((part) => partOf(fieldsOf(part)) ?? []), ...named];
}

function partOf(part: Fields): FoundPart | undefined {
  switch (part.type) {
    case "text": {
      const text = textIn(part.text);
      return text === undefined ? undefined : { type: "text", text };
    }
    case "thinking": {
      // Its signature belongs to the model's own session, which does not go on.
      const thinking = textIn(part.thinking);
      return thinking === undefined ? undefined : { type: "thinking", thinking };
    }
    case "toolCall": {
      const [id, name] = [textIn(part.id), textIn(part.name)];
      return id === undefined || name === undefined
        ? undefined
        : { type: "toolCall", id, name, arguments: part.arguments ?? {} };
    }
    case "image": {
      const [data, mimeType] = [textIn(part.data), textIn(part.mimeType)];
      return data === undefined || mimeType === undefined ? undefined : { type: "picture", data, mimeType };
    }
    default:
      return undefined;
  }
}

/** What a person said, without the line that the gateway put behind it. */
function asSaid(part: FoundPart): FoundPart[] {
  if (part.type !== "text") return [part];
  const text = part.text.replace(/\n?\[message_id: [^\]\n]*\]\s*$/, "");
  return text === "" ? [] : [{ ...part, text }];
}

function usageOf(value: unknown): FoundMessage["message"]["usage"] {
  const usage = fieldsOf(value);
  const [input, output, cacheRead] = [usage.input, usage.output, usage.cacheRead].map(countIn);
  const total = countIn(usage.totalTokens) ?? countIn(usage.total);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead !== undefined && { cacheRead }),
    totalTokens: total ?? (input ?? 0) + (output ?? 0),
  };
}

/** A summary stands for all that was said before the message that it names as the first kept one. */
function summaryOf(
  entry: Fields,
  { id, before }: { id: string; before: ReadonlyMap<string, string> },
): FoundMessage | undefined {
  const text = textIn(entry.summary);
  if (entry.type !== "compaction" || text === undefined) return undefined;
  const to = before.get(textIn(entry.firstKeptEntryId) ?? "");
  const tokensBefore = countIn(entry.tokensBefore);
  return {
    id,
    at: timeIn(entry.timestamp) ?? 0,
    message: {
      role: "system",
      content: [{ type: "text", text }],
      // Whose tools it tells of is not known, so only the owner is told.
      details: {
        kind: "compaction",
        ...(to !== undefined && { to }),
        isPrivate: true,
        ...(tokensBefore && { tokensBefore }),
      },
    },
  };
}
