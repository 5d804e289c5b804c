/**
 * One HTTP request of a slice's route and its answer: a bounded body in, guarded JSON out, and who may not call. Routes
 * judge a request by its headers before they read its body.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ignore, TellableError } from "../base/errors.ts";
import { jsonText } from "../base/text/well-formed.ts";
import type { Clock } from "../base/time/clock.ts";
import { within } from "../base/time/deadline.ts";

/** A refusal: what is answered instead of what was asked for. */
export class Refusal extends TellableError {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Closes the connection with the answer, because an unread body cannot be skipped. */
export const CLOSE: Readonly<Record<string, string>> = { Connection: "close" };

/** Whether a web page sends the request. Programs send no Origin, and our own pages speak WebSocket. */
export function isForeignPage({ origin, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  return origin !== undefined || site === "cross-site" || site === "same-site";
}

/** The path, decoded once; undefined for bad escapes, NUL, back-slashes and dot segments. */
export function decodePath(url: string): string | undefined {
  const raw = url.split(/[?#]/, 1)[0] ?? "";
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch (error) {
    ignore(error, "a bad escape is refused below");
    return undefined;
  }
  const isClean = path.startsWith("/") && !/[\0\\]/.test(path) && !path.split("/").some((part) => part.startsWith("."));
  return isClean ? path : undefined;
}

/** How long a body may take to arrive, ms. */
const BODY_LIMIT_MS = 30_000;

interface BodyLimits {
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Makes the error for a body that is too long (413) or too slow (408). */
  refuse(status: 408 | 413, message: string): Error;
}

/** Whether a body is compressed; nothing here takes that. */
export function isCompressed({ headers }: IncomingMessage): boolean {
  return (headers["content-encoding"] ?? "identity").trim().toLowerCase() !== "identity";
}

/** The bytes of a request's body, however it is sent. Throws what `refuse` makes when it is too long or too slow. */
export async function readBody(request: IncomingMessage, { maxBytes, clock, refuse }: BodyLimits): Promise<Buffer> {
  const tooLong = () => refuse(413, `The body is longer than ${maxBytes} bytes.`);
  const late = () => refuse(408, "The body did not arrive in time.");
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLong();
  const bytes = await within(bytesOf(request, maxBytes), { ms: BODY_LIMIT_MS, clock, late });
  if (bytes === "gone") throw late();
  if (bytes === "too long") throw tooLong();
  return bytes;
}

async function bytesOf(request: IncomingMessage, maxBytes: number): Promise<Buffer | "too long" | "gone"> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Keep the socket at an early end: the refusal is sent over it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return "too long";
      chunks.push(chunk);
    }
  } catch (error) {
    ignore(error, "the caller has gone, or was too slow");
    return "gone";
  }
  return Buffer.concat(chunks);
}

const guards = new WeakMap<ServerResponse, (text: string) => string>();

/** Sets the function that removes secrets from answers; nothing can be answered before. */
export function guardAnswers(response: ServerResponse, guard: (text: string) => string): void {
  guards.set(response, guard);
}

/** The text without secrets. Throws when nothing guards this answer. */
export function guarded(response: ServerResponse, text: string): string {
  const guard = guards.get(response);
  if (!guard) throw new TypeError("answers of this request are not guarded");
  return guard(text);
}

/** Answers with JSON that nobody caches. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const text = guarded(response, jsonText(body));
  response.writeHead(status, {
    ...headers,
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
  });
  response.end(text);
}

/** Answers an upgrade that is refused, and closes. The listener destroys the socket of a client that does not close its own end. */
export function refuseUpgrade(socket: Duplex, status: string, text: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  // Read and discard what still comes: the client's end of the connection is noticed only behind it.
  socket.resume();
}
