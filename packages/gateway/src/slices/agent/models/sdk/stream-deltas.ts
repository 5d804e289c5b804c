/** The words that an event of a model's stream adds, in the form of each provider. */

import { jsonOr } from "../../../../base/json.ts";
import { type Json, objectsIn } from "../wire/json.ts";

/** The text of an event around its string value, up to its blank line. */
interface Frame {
  readonly before: string;
  readonly after: string;
}

/** The frame around the string value of `key`, if the event holds that key once. */
function frameOf(event: string, key: string, text: string): Frame | undefined {
  const name = `"${key}":`;
  const at = event.indexOf(name);
  if (at < 0 || event.indexOf(name, at + 1) >= 0) return undefined;
  const start = event.indexOf('"', at + name.length) + 1;
  const end = start + escapeJson(text).length;
  const frame = { before: event.slice(0, start), after: `${event.slice(end)}\n\n` };
  return frame.after.startsWith('"') && event.slice(start, end) === escapeJson(text) ? frame : undefined;
}

/** A text as it stands between the quotes of JSON. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text delta: its text, what it may be merged with, and how to write it with another text. */
export interface Delta {
  readonly sameAs: string;
  readonly text: string;
  readonly frame: Frame | undefined;
  write(text: string): string;
}

/** The words that an event adds; undefined when it says anything else. */
export function readDelta(event: string, value: Json): Delta | undefined {
  const at = event.startsWith("data:") ? 0 : event.indexOf("\ndata:") + 1;
  // Only events of this size and one data line are deltas; everything else is left alone.
  if (event.length - at > 4096 || event.includes("\n", at)) return undefined;
  const head = event.slice(0, at);
  return (
    chatDelta(event, head, value) ??
    anthropicDelta(event, head, value) ??
    responsesDelta(head, value) ??
    googleDelta(head, value)
  );
}

/** The object in an event of one data line, or undefined. */
export function onlyValue(event: string): Json | undefined {
  const data = dataOf(event);
  const values = data === undefined || data.length > 4096 || data.includes("\n") ? undefined : valuesIn(data);
  return values?.length === 1 ? values[0] : undefined;
}

/** What an event says, its data lines joined; undefined when it says nothing. */
export function dataOf(event: string): string | undefined {
  const lines = event.split("\n").flatMap((line) => /^\uFEFF?data:(.*)$/s.exec(line)?.[1] ?? []);
  const data = lines.join("\n").trim();
  return data === "" ? undefined : data;
}

/** The objects in the data of an event; undefined when it is no JSON. Some servers forget the blank line between two. */
export function valuesIn(data: string): Json[] | undefined {
  const whole = jsonOr(data);
  if (whole !== undefined) return objectsIn(whole ?? []);
  const each = data.split("\n").map((json) => jsonOr(json));
  return each.length < 2 || each.includes(undefined) ? undefined : each.flatMap((value) => objectsIn(value ?? []));
}

/** Keep-alive events of servers that have not begun the answer. */
export function isQuiet({ type, choices, usage }: Json): boolean {
  if (type === "ping" || type === "message_start" || type === "response.created" || type === "response.in_progress")
    return true;
  const [choice] = objectsIn(choices ?? []);
  if (choices === undefined || choice === undefined) return choices !== undefined && !usage;
  const { content, ...delta } = objectsIn(choice.delta ?? [])[0] ?? {};
  const others = Object.entries(delta).filter(([name, value]) => name !== "role" && value !== null && value !== "");
  return !content && others.length === 0 && !choice.finish_reason;
}

/** The parts of a delta that we look at; everything is unknown until it is checked. */
interface Event {
  id?: unknown;
  created?: unknown;
  model?: unknown;
  type?: unknown;
  index?: unknown;
  delta?: unknown;
  item_id?: unknown;
  content_index?: unknown;
  usage?: unknown;
  candidates?: { content?: { parts?: Record<string, unknown>[] }; finishReason?: unknown }[];
  choices?: { index?: unknown; delta?: Record<string, unknown>; finish_reason?: unknown }[];
}

/** OpenAI's chat completions and what is compatible with them. */
function chatDelta(event: string, head: string, value: Event): Delta | undefined {
  const choice = Array.isArray(value.choices) && value.choices.length === 1 ? value.choices[0] : undefined;
  const delta = choice?.delta;
  if (!delta || (choice.finish_reason ?? undefined) !== undefined || (value.usage ?? undefined) !== undefined)
    return undefined;
  const text = delta.content;
  if (typeof text !== "string" || !isSound(value, delta)) return undefined;
  for (const [name, other] of Object.entries(delta)) {
    if (name !== "content" && name !== "role" && other !== null && other !== "") return undefined;
  }
  return {
    sameAs: `chat ${String(choice.index)}`,
    text,
    frame: frameOf(event, "content", text),
    write: (merged) => {
      delta.content = merged;
      return `${head}data: ${JSON.stringify(value)}`;
    },
  };
}

/** Whether the SDK takes what is beside the text. */
function isSound({ id, created, model }: Event, { role }: Record<string, unknown>): boolean {
  return (
    (id === undefined || typeof id === "string") &&
    (created === undefined || typeof created === "number") &&
    (model === undefined || typeof model === "string") &&
    (role === undefined || role === "assistant")
  );
}

/** Anthropic's messages. */
function anthropicDelta(event: string, head: string, value: Event): Delta | undefined {
  if (value.type !== "content_block_delta") return undefined;
  const delta = value.delta as { type?: unknown; text?: unknown } | null | undefined;
  if (delta?.type !== "text_delta" || typeof delta.text !== "string" || typeof value.index !== "number")
    return undefined;
  return {
    sameAs: `anthropic ${String(value.index)}`,
    text: delta.text,
    frame: frameOf(event, "text", delta.text),
    write: (text) => `${head}data: ${JSON.stringify({ ...value, delta: { ...delta, text } })}`,
  };
}

/** OpenAI's responses. */
function responsesDelta(head: string, value: Event): Delta | undefined {
  if (value.type !== "response.output_text.delta" || typeof value.delta !== "string") return undefined;
  if (typeof value.item_id !== "string") return undefined;
  return {
    sameAs: `responses ${String(value.item_id)} ${String(value.content_index)}`,
    text: value.delta,
    frame: undefined,
    write: (delta) => `${head}data: ${JSON.stringify({ ...value, delta })}`,
  };
}

/** Google's generateContent; usage is that of everything so far, so the newest event's is right. */
function googleDelta(head: string, value: Event): Delta | undefined {
  const candidate = Array.isArray(value.candidates) && value.candidates.length === 1 ? value.candidates[0] : undefined;
  const parts = candidate?.content?.parts;
  const part = Array.isArray(parts) && parts.length === 1 ? parts[0] : undefined;
  if (!part || typeof part.text !== "string" || Object.keys(part).length > 1) return undefined;
  if ((candidate?.finishReason ?? undefined) !== undefined) return undefined;
  return {
    sameAs: "google",
    text: part.text,
    frame: undefined,
    write: (text) => {
      part.text = text;
      return `${head}data: ${JSON.stringify(value)}`;
    },
  };
}
