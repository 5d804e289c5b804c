/** Recognises what a provider sent with status 200: an event stream, a complete answer, an error, or nothing. */
import { ignore, TellableError } from "../../../../base/errors.ts";
import { jsonOr } from "../../../../base/json.ts";
import { type Json, objectsIn } from "../wire/json.ts";
import type { ChunkReader } from "./event-stream.ts";

/** What a body is, by how it begins; the content type is often wrong. */
export type Body =
  | { readonly kind: "events"; readonly chunks: ChunkReader }
  | { readonly kind: "other"; readonly text: string };

/** Larger than any answer in one piece. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const EVENTS = /^(?::|(?:data|event|id|retry)[ \t]*:)/;
/** Characters that are needed to recognise a line of an event stream. */
const TELLING_CHARS = 8;

/** Reads until it is clear what comes; the rest of a stream of events is the caller's to read. */
export async function readBody(chunks: ChunkReader): Promise<Body> {
  const read: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  let isOther = false;
  for (;;) {
    const chunk = await chunks();
    if (chunk === undefined) break;
    read.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new TellableError("a body of over 16 MB");
    text += decoder.decode(chunk, { stream: true });
    if (isOther) continue;
    const start = text.trimStart();
    if (EVENTS.test(start)) return { kind: "events", chunks: again(read, chunks) };
    isOther = start.length >= TELLING_CHARS;
  }
  return EVENTS.test(text.trimStart()) ? { kind: "events", chunks: again(read, chunks) } : { kind: "other", text };
}

/** The JSON of a body, of several lines of JSON a list; undefined when it is none. */
export function jsonIn(text: string): unknown {
  const value = jsonOr(text);
  return value === undefined ? jsonLines(text) : value;
}

function jsonLines(text: string): Json[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  try {
    return lines.length < 2 ? undefined : lines.flatMap((line) => objectsIn(JSON.parse(line)));
  } catch (error) {
    ignore(error, "a line of it is no JSON");
    return undefined;
  }
}

function again(read: Uint8Array[], chunks: ChunkReader): ChunkReader {
  return async () => read.shift() ?? (await chunks());
}
