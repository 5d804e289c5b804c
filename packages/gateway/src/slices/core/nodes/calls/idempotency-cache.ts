/** Calls by their idempotency keys: a repeated call joins the first, or gets its answer. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";

/** How long an answer can be asked for again, ms; as for all methods. */
const KEPT_MS = 5 * 60_000;
/** All answers that are kept, characters; the oldest go first. Results of nodes may have 25 MiB. */
const MAX_CHARS = 64 * 1024 * 1024;
const MAX_KEPT = 10_000;

interface Ended<T> {
  readonly answer: Promise<T>;
  readonly chars: number;
  /** On the clock that never jumps. */
  readonly endedAt: number;
}

export class IdempotencyCache<T> {
  readonly #clock: Clock;
  readonly #sizeOf: (answer: T) => number;
  readonly #working = new Map<string, Promise<T>>();
  /** In the order of their ends, so that the oldest are found without a look at all. */
  readonly #ended = new Map<string, Ended<T>>();
  #chars = 0;

  /** `sizeOf` tells what keeping an answer takes, in characters. */
  constructor(clock: Clock, sizeOf: (answer: T) => number) {
    this.#clock = clock;
    this.#sizeOf = sizeOf;
  }

  /** Does the work of a key once. A refusal before anything was begun is not kept. */
  once(key: string, work: () => Promise<T>): Promise<T> {
    this.#drop();
    const known = this.#working.get(key) ?? this.#ended.get(key)?.answer;
    if (known) return known;
    const answer = work();
    this.#working.set(key, answer);
    answer.then(
      (result) => this.#keep(key, answer, this.#sizeOf(result)),
      (error: unknown) => (hasBegun(error) ? this.#keep(key, answer, 0) : void this.#working.delete(key)),
    );
    return answer;
  }

  #keep(key: string, answer: Promise<T>, chars: number): void {
    this.#working.delete(key);
    this.#ended.set(key, { answer, chars, endedAt: this.#clock.monotonic() });
    this.#chars += chars;
    this.#drop();
  }

  #drop(): void {
    const now = this.#clock.monotonic();
    for (const [key, { endedAt, chars }] of this.#ended) {
      const isWithin = this.#chars <= MAX_CHARS && this.#ended.size <= MAX_KEPT;
      if (isWithin && now - endedAt < KEPT_MS) return;
      this.#ended.delete(key);
      this.#chars -= chars;
    }
  }
}

function hasBegun(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return true;
  return error.code !== "INVALID_REQUEST" && error.details?.code !== "NOT_CONNECTED";
}
