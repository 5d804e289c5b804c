/** Calls by their idempotency keys: a repeated call joins the first, or gets its answer. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";

/** How long an answer can be asked for again, ms; as for all methods. */
const KEPT_MS = 5 * 60_000;
/** All answers that are kept, characters; the oldest go first. Results of nodes may have 25 MiB. */
const MAX_CHARS = 64 * 1024 * 1024;

interface Kept<T> {
  readonly answer: Promise<T>;
  chars: number;
  /** When it ended, on the clock that never jumps; undefined while it works. */
  endedAt: number | undefined;
}

export class Repeats<T> {
  readonly #clock: Clock;
  readonly #sizeOf: (answer: T) => number;
  readonly #kept = new Map<string, Kept<T>>();

  /** `sizeOf` tells what keeping an answer takes, in characters. */
  constructor(clock: Clock, sizeOf: (answer: T) => number) {
    this.#clock = clock;
    this.#sizeOf = sizeOf;
  }

  /** Does the work of a key once. A refusal before anything was begun is not kept. */
  once(key: string, work: () => Promise<T>): Promise<T> {
    this.#drop();
    const known = this.#kept.get(key);
    if (known) return known.answer;
    const answer = work();
    const kept: Kept<T> = { answer, chars: 0, endedAt: undefined };
    this.#kept.set(key, kept);
    answer.then(
      (result) => this.#ended(kept, this.#sizeOf(result)),
      (error: unknown) => (hasBegun(error) ? this.#ended(kept, 0) : void this.#kept.delete(key)),
    );
    return answer;
  }

  #ended(kept: Kept<T>, chars: number): void {
    kept.chars = chars;
    kept.endedAt = this.#clock.monotonic();
    this.#drop();
  }

  #drop(): void {
    const now = this.#clock.monotonic();
    let chars = [...this.#kept.values()].reduce((sum, each) => sum + each.chars, 0);
    for (const [key, { endedAt, chars: own }] of this.#kept) {
      if (endedAt === undefined || (chars <= MAX_CHARS && now - endedAt < KEPT_MS)) continue;
      this.#kept.delete(key);
      chars -= own;
    }
  }
}

function hasBegun(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return true;
  return error.code !== "INVALID_REQUEST" && error.details?.code !== "NOT_CONNECTED";
}
