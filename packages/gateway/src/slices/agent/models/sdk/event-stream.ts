/**
 * Reads a model's event stream before the SDK does, and thins it out: neighbouring text deltas become one. The SDK
 * spends about 40 µs on every event, a model sends one for every token, and nobody looks more often than every 30 ms.
 * Everything else is read tolerantly (`wire/`) and passed on in order, in the form that the SDK knows.
 */

import { TellableError } from "../../../../base/errors.ts";
import { jsonOr } from "../../../../base/json.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { type Json, objectsIn, type Tidier } from "../wire/json.ts";
import { problemIn } from "../wire/tidy.ts";

/** At most one thinned event in this time; the first one is not held back. */
const INTERVAL_MS = 30;

/** An event larger than this is not read on: no provider sends one. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/** What is made of the events of one answer. */
export interface EventReading {
  readonly tidier: Tidier;
  /** Called when a part of an answer has come, other than keep-alive data. */
  onContent(): void;
  /** The error for what the provider says went wrong; `said` tells whether something of an answer came before. */
  problem(value: unknown, said: boolean): Error;
  /** The error for a stream that ends before the answer does. */
  cut(said: boolean): Error;
  /** The error for an event that is broken. */
  unreadable(): Error;
  /** Called with the reason of an incomplete answer; the stream then ends normally. */
  failed(problem: Error): void;
}

/** Reads server-sent events and yields the same answer, thinned out, in UTF-8. */
export async function* thinOut(chunks: ChunkReader, clock: Clock, reading?: EventReading): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const merged = new Merger(reading);
  let rest = "";
  let nextAt = 0;
  let pending: ReturnType<ChunkReader> | undefined;
  for (;;) {
    pending ??= chunks();
    const waitMs = nextAt - clock.monotonic();
    const chunk = merged.isEmpty ? await pending : await withinMs(pending, waitMs, clock);
    if (chunk === "waiting") {
      yield encoder.encode(merged.take());
      nextAt = clock.monotonic() + INTERVAL_MS;
      continue;
    }
    pending = undefined;
    if (chunk === undefined) break;
    rest = splitEvents(rest + decoder.decode(chunk, { stream: true }), merged);
    if (merged.isOver) break;
    if (rest.length > MAX_EVENT_CHARS) throw new TellableError("an event of over 16 MB");
  }
  const last = reading ? merged.end(merged.isOver ? "" : rest) : merged.take() + rest;
  const problem = merged.problem();
  // Do not throw: a stream that throws loses its unread part.
  if (problem) reading?.failed(problem);
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

/** Passes every complete event to the merger and returns the rest. */
function splitEvents(text: string, merged: Merger): string {
  const lines = text.includes("\r") ? plainLines(text) : text;
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

/** A carriage return at the end may be half of a line end: it waits for what follows. */
function plainLines(text: string): string {
  const isOpen = text.endsWith("\r");
  const lines = text.slice(0, isOpen ? -1 : undefined).replace(/\r\n?/g, "\n");
  return isOpen ? `${lines}\r` : lines;
}

/** Keeps texts escaped, as in the JSON: most events are merged without being parsed. */
class Merger {
  #done = "";
  #open: Delta | undefined;
  #escaped = "";
  #hasDone = false;
  #problem: Error | undefined;
  readonly #reading: EventReading | undefined;

  constructor(reading: EventReading | undefined) {
    this.#reading = reading;
  }

  get isEmpty(): boolean {
    return this.#done === "" && this.#open === undefined;
  }

  /** Nothing more is to be read: all was sent, or something went wrong. Some servers keep the connection open. */
  get isOver(): boolean {
    return this.#hasDone || this.#problem !== undefined;
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
    if (end > start) this.#reading?.onContent();
    return end + frame.after.length;
  }

  add(event: string): void {
    if (this.#problem) return;
    if (this.#reading) return this.#read(event, this.#reading);
    const value = onlyValue(event);
    const delta = value && readDelta(event, value);
    if (delta) this.#addDelta(delta);
    else this.#pass(`${event}\n\n`);
  }

  /** The rest of the stream, after its last bytes. */
  end(rest: string): string {
    if (rest.trim() !== "") this.add(rest.replaceAll("\r", "\n").trimEnd());
    return this.take();
  }

  /** Why the answer is not whole, when its stream is over. */
  problem(): Error | undefined {
    if (this.#problem || !this.#reading) return this.#problem;
    const { tidier, cut } = this.#reading;
    return tidier.isClosed ? undefined : cut(tidier.hasContent);
  }

  #read(event: string, reading: EventReading): void {
    const data = dataOf(event);
    if (data === undefined) return;
    if (/^\[?DONE\]?$/i.test(data)) return this.#finish(reading);
    const values = valuesIn(data);
    if (values === undefined) {
      // Text that is not JSON is keep-alive data of a proxy; broken JSON was part of the answer.
      if (/^[[{]/.test(data)) this.#problem = reading.unreadable();
      return;
    }
    for (const value of values) this.#readValue(event, value, reading);
  }

  #readValue(event: string, value: Json, { tidier, problem, onContent }: EventReading): void {
    if (this.#problem) return;
    const trouble = problemIn(value);
    if (trouble !== undefined) {
      this.#problem = problem(trouble, tidier.hasContent);
      return;
    }
    const delta = readDelta(event, value);
    if (delta) {
      if (delta.text !== "") {
        const before = tidier.before(value);
        if (before.length > 0) this.#passAll(before);
        onContent();
      }
      return this.#addDelta(delta);
    }
    const had = tidier.hasContent;
    const tidied = tidier.read(value);
    if ((tidied.length > 0 && !isQuiet(value)) || had !== tidier.hasContent) onContent();
    this.#passAll(tidied);
  }

  /** The whole answer has been sent, though it may not have said so. */
  #finish({ tidier }: EventReading): void {
    if (this.#hasDone) return;
    this.#hasDone = true;
    if (!tidier.isClosed && tidier.hasContent) this.#passAll(tidier.close());
    if (tidier.isClosed) this.#pass("data: [DONE]\n\n");
  }

  #passAll(values: readonly Json[]): void {
    for (const value of values) this.#pass(`data: ${JSON.stringify(value)}\n\n`);
  }

  #pass(text: string): void {
    this.#close();
    this.#done += text;
  }

  #addDelta(delta: Delta): void {
    if (this.#open?.sameAs === delta.sameAs) {
      // The newer frame: a first event often says more (its role) than all that follow.
      this.#open = delta;
      this.#escaped += escapeJson(delta.text);
      return;
    }
    this.#close();
    this.#open = delta;
    this.#escaped = escapeJson(delta.text);
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

function readDelta(event: string, value: Json): Delta | undefined {
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
function onlyValue(event: string): Json | undefined {
  const data = dataOf(event);
  const values = data === undefined || data.length > 4096 || data.includes("\n") ? undefined : valuesIn(data);
  return values?.length === 1 ? values[0] : undefined;
}

/** What an event says, its data lines joined; undefined when it says nothing. */
function dataOf(event: string): string | undefined {
  const lines = event.split("\n").flatMap((line) => /^\uFEFF?data:(.*)$/s.exec(line)?.[1] ?? []);
  const data = lines.join("\n").trim();
  return data === "" ? undefined : data;
}

/** The objects in the data of an event; undefined when it is no JSON. Some servers forget the blank line between two. */
function valuesIn(data: string): Json[] | undefined {
  const whole = jsonOr(data);
  if (whole !== undefined) return objectsIn(whole ?? []);
  const each = data.split("\n").map((json) => jsonOr(json));
  return each.length < 2 || each.includes(undefined) ? undefined : each.flatMap((value) => objectsIn(value ?? []));
}

/** Keep-alive events of servers that have not begun the answer. */
function isQuiet({ type, choices, usage }: Json): boolean {
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

/** Whether the SDK takes what stands beside the text. */
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
