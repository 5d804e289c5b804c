/**
 * Idempotency: each key has one answer. The key is reserved before the first await, so that a concurrent duplicate
 * joins the first call. Different params under a used key have no effect.
 */

import { GatewayError } from "../base/errors.ts";
import { isTransient } from "../base/process/machine.ts";
import type { Clock } from "../base/time/clock.ts";

/** Where the answers of a call go. */
export interface Responder {
  ack(payload: unknown): void;
  done(payload: unknown): void;
  fail(error: unknown): void;
}

interface Entry {
  at: number;
  ack: { readonly payload: unknown } | undefined;
  end: { readonly payload: unknown } | { readonly error: unknown } | undefined;
  readonly joined: Responder[];
}

/** How long an answer is kept after it was given, ms (protocol: idempotency). */
const KEPT_MS = 5 * 60_000;
const MAX_ENTRIES = 10_000;

/** Runs each call once for its caller, method and idempotency key. */
export class IdempotentCalls {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `call` for the first request of a key and gives its answers to every later one: the acknowledgement at once if
   * it has been given, and the final answer when it comes. A call refused with `INVALID_REQUEST`, or because of passing trouble of the
   * machine, is forgotten, so that the mended request, or the same one later, may use the key again.
   */
  run(key: string, responder: Responder, call: (responder: Responder) => void): void {
    const entry = this.#entries.get(key);
    if (entry && !this.#isExpired(entry)) return join(entry, responder);
    this.#makeRoom();
    const fresh: Entry = { at: this.#clock.monotonic(), ack: undefined, end: undefined, joined: [responder] };
    this.#entries.delete(key);
    this.#entries.set(key, fresh);
    call({
      ack: (payload) => {
        fresh.ack = { payload };
        for (const each of fresh.joined) each.ack(payload);
      },
      done: (payload) => {
        this.#end(fresh, { payload });
        for (const each of fresh.joined.splice(0)) each.done(payload);
      },
      fail: (error) => {
        this.#end(fresh, { error });
        const isInvalid = error instanceof GatewayError && error.code === "INVALID_REQUEST";
        if (isInvalid || isTransient(error)) this.#entries.delete(key);
        for (const each of fresh.joined.splice(0)) each.fail(error);
      },
    });
  }

  #end(entry: Entry, end: NonNullable<Entry["end"]>): void {
    entry.end = end;
    entry.at = this.#clock.monotonic();
  }

  #isExpired({ end, at }: Entry): boolean {
    return end !== undefined && this.#clock.monotonic() - at > KEPT_MS;
  }

  /** Drops what has expired, oldest first, and the oldest ended calls when there are too many. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      const isOver = this.#entries.size >= MAX_ENTRIES && entry.end !== undefined;
      if (!isOver && !this.#isExpired(entry)) break;
      this.#entries.delete(key);
    }
  }
}

function join(entry: Entry, responder: Responder): void {
  if (entry.end && "error" in entry.end) return responder.fail(entry.end.error);
  if (entry.end) return responder.done(entry.end.payload);
  if (entry.ack) responder.ack(entry.ack.payload);
  entry.joined.push(responder);
}
