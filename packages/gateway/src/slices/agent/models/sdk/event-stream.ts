/**
 * Reads a model's event stream before the SDK does, and thins it out: neighbouring text deltas become one. The SDK
 * spends about 40 µs on every event, a model sends one for every token, and nobody looks more often than every 30 ms.
 * Everything else is read tolerantly (`wire/`) and passed on in order, in the form that the SDK knows.
 */

import { TellableError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Json, StreamNormalizer } from "../wire/json.ts";
import { problemIn } from "../wire/normalizer.ts";
import { type Delta, dataOf, escapeJson, isQuiet, onlyValue, readDelta, valuesIn } from "./stream-deltas.ts";

/** At most one thinned event in this time; the first one is not held back. */
const INTERVAL_MS = 30;

/** An event larger than this is not read on: no provider sends one. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/** What is made of the events of one answer. */
export interface EventReading {
  readonly normalizer: StreamNormalizer;
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
export async function* coalesceEvents(
  chunks: ChunkReader,
  clock: Clock,
  reading?: EventReading,
): AsyncGenerator<Uint8Array> {
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
    const { normalizer, cut } = this.#reading;
    return normalizer.isClosed ? undefined : cut(normalizer.hasContent);
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

  #readValue(event: string, value: Json, { normalizer, problem, onContent }: EventReading): void {
    if (this.#problem) return;
    const trouble = problemIn(value);
    if (trouble !== undefined) {
      this.#problem = problem(trouble, normalizer.hasContent);
      return;
    }
    const delta = readDelta(event, value);
    if (delta) {
      if (delta.text !== "") {
        const before = normalizer.before(value);
        if (before.length > 0) this.#passAll(before);
        onContent();
      }
      return this.#addDelta(delta);
    }
    const had = normalizer.hasContent;
    const tidied = normalizer.read(value);
    if ((tidied.length > 0 && !isQuiet(value)) || had !== normalizer.hasContent) onContent();
    this.#passAll(tidied);
  }

  /** The whole answer has been sent, though it may not have said so. */
  #finish({ normalizer }: EventReading): void {
    if (this.#hasDone) return;
    this.#hasDone = true;
    if (!normalizer.isClosed && normalizer.hasContent) this.#passAll(normalizer.close());
    if (normalizer.isClosed) this.#pass("data: [DONE]\n\n");
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
