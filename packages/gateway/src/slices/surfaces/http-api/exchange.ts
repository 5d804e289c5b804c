/** One HTTP request and its answer: a bounded JSON body in; JSON or server-sent events out. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isRecord } from "../../../base/config/config.ts";
import { GatewayError, ignore, TellableError } from "../../../base/errors.ts";
import { jsonText } from "../../../base/text/well-formed.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { CLOSE, guarded, isCompressed, Refusal, readBody } from "../../../kit/http.ts";

/** A refusal as clients of OpenAI's API know it. */
export function refused(
  status: number,
  message: string,
  more: { type?: string; param?: string; code?: string; headers?: Readonly<Record<string, string>> } = {},
): Refusal {
  const { type = status < 500 ? "invalid_request_error" : "api_error", param = null, code = null, headers = {} } = more;
  return new Refusal(status, { error: { message, type, param, code } }, headers);
}

/** The refusal for an error; undefined for an unexpected one. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof GatewayError)) return undefined;
  const { code, message, retryable, retryAfterMs = 1_000 } = error;
  if (code === "INVALID_REQUEST") return refused(400, message);
  const headers = retryable ? { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) } : {};
  return refused(503, message, { headers });
}

/** The JSON object in a request's body. Throws `Refusal` when it is too long, too slow, or something else. */
export async function readJson(
  request: IncomingMessage,
  { maxBytes, clock }: { maxBytes: number; clock: Clock },
): Promise<Record<string, unknown>> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw refused(415, "The body must be JSON; send the header Content-Type: application/json.");
  }
  if (isCompressed(request)) throw refused(415, "The body is compressed; send it as it is.", { headers: CLOSE });
  const bytes = await readBody(request, {
    ...{ maxBytes, clock },
    refuse: (status, message) => refused(status, message, { headers: CLOSE }),
  });
  const body = parsed(textIn(bytes));
  if (!isRecord(body)) throw refused(400, "The body is not a JSON object.");
  return body;
}

/**
 * The body as text, without the mark of the byte order that some programs of Windows put first. Throws a 400 for bytes that
 * are no text.
 */
function textIn(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    ignore(error, "the refusal says so");
    throw refused(400, "The body is not text in UTF-8.");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    ignore(error, "the refusal says so");
    return undefined;
  }
}

const KEEP_ALIVE_MS = 15_000;
/** The most bytes that wait for a client that does not read. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * An answer as server-sent events. It begins with the first event or after a silence, so that an early failure is still
 * an ordinary refusal. Later silences are filled with comments, so that proxies keep the connection open.
 */
export class EventStream implements Disposable {
  readonly #response: ServerResponse;
  readonly #keepAlive: Disposable;

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#keepAlive = clock.every(KEEP_ALIVE_MS, () => this.#write(": still working\n\n"));
  }

  /** Whether the answer has begun. */
  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Sends one event, with a name for clients that use names. */
  send(data: unknown, name?: string): void {
    this.#write(`${name === undefined ? "" : `event: ${name}\n`}data: ${jsonText(data)}\n\n`);
  }

  /** Sends the last event. */
  done(): void {
    this.#write("data: [DONE]\n\n");
    this[Symbol.dispose]();
    this.#response.end();
  }

  [Symbol.dispose](): void {
    this.#keepAlive[Symbol.dispose]();
  }

  #write(text: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#response.writableLength > MAX_WAITING_BYTES) return void this.#response.destroy();
    if (!this.#response.headersSent) {
      this.#response.writeHead(200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      });
    }
    this.#response.write(guarded(this.#response, text));
  }
}

/** Aborts when the caller goes away before the answer is complete. */
export function clientGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new TellableError("the caller has gone"));
  });
  if (response.destroyed) gone.abort(new TellableError("the caller has gone"));
  return gone.signal;
}
