// Requests in flight: id → promise, ack, timeout, abort. Knows nothing of sockets.

import { RequestTimeout, ResponseError } from "./errors.ts";
import { isRecord, type ResponseFrame } from "./frames.ts";
import { later } from "./timers.ts";

/** How long a request waits for its first answer when the caller does not say, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** What a caller may ask of one request. */
export interface RequestOptions<Ack = unknown> {
  /** Milliseconds for the whole request. Default: 10 s for the first answer, no limit after an ack. 0 means no limit. */
  timeoutMs?: number;
  /** Gives up waiting; the gateway is not told. */
  signal?: AbortSignal;
  /** Called once when a two-stage method says that it has accepted the request. */
  onAck?: (ack: Ack) => void;
  /** True when a second answer follows one with status "accepted". Known for our own methods; say so for others. */
  expectFinal?: boolean;
}

interface Pending {
  readonly method: string;
  readonly options: RequestOptions;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly release: () => void;
  readonly stopFirstAnswerTimer: () => void;
  acked: boolean;
}

/** The requests of one connection that have not been answered yet. */
export class PendingRequests {
  readonly #byId = new Map<string, Pending>();

  /** How many wait. */
  get size(): number {
    return this.#byId.size;
  }

  /** Files a request. Rejects with `ResponseError`, `RequestTimeout`, the signal's reason, or what `rejectAll` is given. */
  add(id: string, method: string, options: RequestOptions = {}): Promise<unknown> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const stopTimer =
        timeoutMs > 0 ? later(timeoutMs, () => fail(new RequestTimeout(method, timeoutMs))) : () => undefined;
      const onAbort = () => fail(signal?.reason);
      const release = () => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        this.#byId.delete(id);
      };
      const fail = (error: unknown) => {
        release();
        reject(error);
      };
      const stopFirstAnswerTimer = () => {
        if (options.timeoutMs === undefined) stopTimer();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#byId.set(id, { method, options, resolve, reject, release, stopFirstAnswerTimer, acked: false });
    });
  }

  /** Hands an answer to whoever waits for it. False when nobody does: it came too late, or twice. */
  settle(frame: ResponseFrame): boolean {
    const pending = this.#byId.get(frame.id);
    if (pending === undefined) return false;
    if (isAck(frame, pending)) {
      if (pending.acked) return true;
      pending.acked = true;
      pending.stopFirstAnswerTimer();
      pending.options.onAck?.(frame.payload);
      return true;
    }
    pending.release();
    if (frame.ok) pending.resolve(frame.payload);
    else pending.reject(new ResponseError(frame.error ?? UNEXPLAINED, frame.payload));
    return true;
  }

  /** Ends every request with the same error; the connection is gone. */
  rejectAll(error: Error): void {
    for (const pending of [...this.#byId.values()]) {
      pending.release();
      pending.reject(error);
    }
  }
}

const UNEXPLAINED = { code: "UNAVAILABLE", message: "the gateway refused the request without a reason" };

function isAck(frame: ResponseFrame, pending: Pending): boolean {
  if (!frame.ok || pending.options.expectFinal !== true) return false;
  return isRecord(frame.payload) && frame.payload.status === "accepted";
}
