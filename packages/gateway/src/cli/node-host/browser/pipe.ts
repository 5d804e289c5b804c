/** The DevTools protocol over two pipes of a browser's process: no port is opened, so nobody else can steer it. */
import type { Readable, Writable } from "node:stream";
import { isRecord } from "../../../base/config/config.ts";
import { ignore } from "../../../base/errors.ts";
import { within } from "../../../base/time/deadline.ts";
import { NodeFailure } from "../failure.ts";

/** What a browser answers, and what it tells by itself. */
export type CdpObject = Readonly<Record<string, unknown>>;

type Listener = (method: string, params: CdpObject, sessionId: string | undefined) => void;

interface Pending {
  resolve(result: CdpObject): void;
  reject(error: Error): void;
}

/** The longest message that is read, characters: a picture of the largest size that is sent, as base64, and more. */
const MAX_CHARS = 64 * 1024 * 1024;

export class DevToolsPipe {
  readonly #output: Writable;
  readonly #pending = new Map<number, Pending>();
  readonly #listener: Listener;
  #parts: string[] = [];
  #chars = 0;
  #ids = 0;
  #isClosed = false;

  constructor({ input, output, listener }: { input: Readable; output: Writable; listener: Listener }) {
    this.#output = output;
    this.#listener = listener;
    for (const stream of [input, output]) stream.on("error", (error) => ignore(error, "`close` says that it is over"));
    input.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    input.on("close", () => this.close());
  }

  /** Sends a command, to a tab when `sessionId` is given. Rejects with `NodeFailure`, or with the signal's reason. */
  async send(
    method: string,
    params: CdpObject,
    { sessionId, signal }: { sessionId?: string | undefined; signal: AbortSignal },
  ): Promise<CdpObject> {
    if (this.#isClosed) throw ended();
    const id = ++this.#ids;
    const { promise, resolve, reject } = Promise.withResolvers<CdpObject>();
    this.#pending.set(id, { resolve, reject });
    this.#output.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
    try {
      return await within(promise, { signal });
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Ends all that waits for an answer. */
  close(): void {
    this.#isClosed = true;
    this.#parts = [];
    for (const { reject } of this.#pending.values()) reject(ended());
    this.#pending.clear();
  }

  #read(text: string): void {
    const pieces = text.split("\0");
    for (const [index, piece] of pieces.entries()) {
      this.#chars += piece.length;
      if (this.#chars <= MAX_CHARS) this.#parts.push(piece);
      if (index === pieces.length - 1) return;
      const message = this.#chars <= MAX_CHARS ? this.#parts.join("") : undefined;
      this.#parts = [];
      this.#chars = 0;
      if (message !== undefined) this.#take(message);
    }
  }

  #take(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (error) {
      return ignore(error, "a browser that does not keep to the protocol is not answered");
    }
    if (!isRecord(message)) return;
    const { id, method, params, result, error, sessionId } = message;
    if (typeof method === "string")
      this.#listener(method, isRecord(params) ? params : {}, typeof sessionId === "string" ? sessionId : undefined);
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (!pending) return;
    if (isRecord(error))
      pending.reject(new NodeFailure("UNAVAILABLE", "BROWSER_FAILED: the browser could not do that"));
    else pending.resolve(isRecord(result) ? result : {});
  }
}

function ended(): NodeFailure {
  return new NodeFailure("UNAVAILABLE", "BROWSER_ENDED: the browser has ended; POST /start starts it again");
}
