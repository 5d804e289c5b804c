/** Counts failed sign-ins per source and locks a source out for a while. Its memory is bounded. */
import type { Clock } from "../../base/time/clock.ts";

const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
const LOCKOUT_MS = 5 * 60_000;
const MAX_SOURCES = 10_000;

interface Record {
  failures: number;
  since: number;
  lockedUntil: number;
}

/** Ten failures within a minute lock a source out for five minutes (security: authentication attempts). */
export class FailureLimiter {
  readonly #clock: Clock;
  readonly #sources = new Map<string, Record>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds for which the source is still locked out; 0 when it may try. */
  lockedForMs(source: string): number {
    const record = this.#sources.get(source);
    return record ? Math.max(0, Math.ceil(record.lockedUntil - this.#clock.monotonic())) : 0;
  }

  /** Notes a failed attempt. */
  fail(source: string): void {
    const now = this.#clock.monotonic();
    const known = this.#sources.get(source);
    const record = known && now - known.since < WINDOW_MS ? known : { failures: 0, since: now, lockedUntil: 0 };
    record.failures++;
    if (record.failures >= MAX_FAILURES) {
      record.lockedUntil = now + LOCKOUT_MS;
      record.failures = 0;
      record.since = now;
    }
    // Re-inserting keeps the map in order of last use, so that the oldest goes first.
    this.#sources.delete(source);
    this.#sources.set(source, record);
    if (this.#sources.size > MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
  }

  /** Forgets a source that has proved itself. */
  succeed(source: string): void {
    this.#sources.delete(source);
  }
}
