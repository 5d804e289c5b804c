/**
 * Thins out a model's event stream before the SDK reads it: neighbouring text deltas become one. The SDK spends about
 * 40 µs on every event, a model sends one for every token, and nobody looks more often than every 30 ms. Events that
 * are not plain text deltas pass unchanged and in order.
 */

import type { Clock } from "../../base/clock.ts";
import { TellableError } from "../../base/errors.ts";

/** At most one thinned event in this time; the first one is not held back. */
const INTERVAL_MS = 30;

/** An event larger than this is not read on: no provider sends one. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/** Reads server-sent events and yields the same stream, thinned out, in UTF-8. */
export async function* thinOut(chunks: ChunkReader, clock: Clock): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const merged = new Merger();
  let rest = "";
  let nextAt = 0;
  let reading: ReturnType<ChunkReader> | undefined;
  for (;;) {
    reading ??= chunks();
    const waitMs = nextAt - clock.monotonic();
    const chunk = merged.isEmpty ? await reading : await withinMs(reading, waitMs, clock);
    if (chunk === "waiting") {
      yield encoder.encode(merged.take());
      nextAt = clock.monotonic() + INTERVAL_MS;
      continue;
    }
    reading = undefined;
    if (chunk === undefined) break;
    rest = splitEvents(rest + decoder.decode(chunk, { stream: true }), merged);
    if (rest.length > MAX_EVENT_CHARS) throw new TellableError("an event of over 16 MB");
  }
  const last = merged.take() + rest;
  if (last !== "") yield encoder.encode(last);
}

/** The next bytes, or undefined at the end. */
export type ChunkReader = () => Promise<Uint8Array | undefined>;

async function withinMs<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | "waiting"> {
  if (ms <= 0) return "waiting";
  const { promise: waited, resolve } = Promise.withResolvers<"waiting">();
  using _timer = clock.after(ms, () => resolve("waiting"));
  return await Promise.race([promise, waited]);
}

/** Hands every complete event to the merger and returns what is left. */
function splitEvents(text: string, merged: Merger): string {
  const lines = text.includes("\r") ? text.replaceAll("\r\n", "\n") : text;
  let at = 0;
  for (;;) {
    const next = merged.addAlike(lines, at);
    if (next !== undefined) {
      at = next;
      continue;
    }
    const end = lines.indexOf("\n\n", at);
    if (end < 0) return lines.slice(at);
    merged.add(lines.slice(at, end));
    at = end + 2;
  }
}

/** Texts are kept as they stand in the JSON, escaped: most events are merged without being parsed. */
class Merger {
  #done = "";
  #open: Delta | undefined;
  #escaped = "";

  get isEmpty(): boolean {
    return this.#done === "" && this.#open === undefined;
  }

  /** Takes the event at `at` if it differs from the open one in nothing but its text; returns where the next begins. */
  addAlike(lines: string, at: number): number | undefined {
    const frame = this.#open?.frame;
    if (!frame || !lines.startsWith(frame.before, at)) return undefined;
    const start = at + frame.before.length;
    const end = lines.indexOf('"', start);
    // A quote after a backslash may be part of the text; such events are parsed.
    if (end < 0 || lines.charCodeAt(end - 1) === BACKSLASH || !lines.startsWith(frame.after, end)) return undefined;
    this.#escaped += lines.slice(start, end);
    return end + frame.after.length;
  }

  add(event: string): void {
    const delta = readDelta(event);
    if (delta && this.#open?.sameAs === delta.sameAs) {
      // The newer frame: a first event often says more (its role) than all that follow.
      this.#open = delta;
      this.#escaped += escapeJson(delta.text);
      return;
    }
    this.#close();
    if (delta) {
      this.#open = delta;
      this.#escaped = escapeJson(delta.text);
    } else this.#done += `${event}\n\n`;
  }

  take(): string {
    this.#close();
    const done = this.#done;
    this.#done = "";
    return done;
  }

  #close(): void {
    const open = this.#open;
    if (!open) return;
    this.#done += open.frame
      ? open.frame.before + this.#escaped + open.frame.after
      : `${open.write(JSON.parse(`"${this.#escaped}"`) as string)}\n\n`;
    this.#open = undefined;
  }
}

const BACKSLASH = 92;

/** What stands around the text in an event, to the end of its blank line. */
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

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A text delta: its text, what it may be merged with, and how to write it with another text. */
interface Delta {
  readonly sameAs: string;
  readonly text: string;
  readonly frame: Frame | undefined;
  write(text: string): string;
}

function readDelta(event: string): Delta | undefined {
  const at = event.startsWith("data:") ? 0 : event.indexOf("\ndata:") + 1;
  if (at === 0 && !event.startsWith("data:")) return undefined;
  const head = event.slice(0, at);
  const json = event.slice(at + 5).trimStart();
  // Only events of this size and one data line are deltas; everything else is left alone.
  if (!json.startsWith("{") || json.length > 4096 || json.includes("\n")) return undefined;
  let value: Event;
  try {
    value = JSON.parse(json) as Event;
  } catch {
    return undefined;
  }
  return (
    chatDelta(event, head, value) ??
    anthropicDelta(event, head, value) ??
    responsesDelta(head, value) ??
    googleDelta(head, value)
  );
}

/** The parts of a delta that we look at; everything is unknown until it is checked. */
interface Event {
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
  if (typeof text !== "string") return undefined;
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

/** Anthropic's messages. */
function anthropicDelta(event: string, head: string, value: Event): Delta | undefined {
  if (value.type !== "content_block_delta") return undefined;
  const delta = value.delta as { type?: unknown; text?: unknown } | null | undefined;
  if (delta?.type !== "text_delta" || typeof delta.text !== "string") return undefined;
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
