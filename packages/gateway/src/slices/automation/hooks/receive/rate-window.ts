/** Counts the calls of each source in a window of one minute. Its memory is bounded. */
import type { Clock } from "../../../../base/time/clock.ts";

const WINDOW_MS = 60_000;
const MAX_SOURCES = 10_000;

interface Count {
  readonly since: number;
  taken: number;
}

export class RateWindow {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #counts = new Map<string, Count>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Milliseconds until a source that has taken `most` may take again; 0 when it may now. */
  waitMs(source: string, most: number): number {
    const count = this.#current(source);
    return count && count.taken >= most ? Math.max(1, Math.ceil(count.since + WINDOW_MS - this.#clock.monotonic())) : 0;
  }

  /** Counts one call of a source. */
  take(source: string): void {
    const count = this.#current(source) ?? { since: this.#clock.monotonic(), taken: 0 };
    count.taken++;
    // Put it in anew: the map stays in order of last use, and the oldest goes first.
    this.#counts.delete(source);
    this.#counts.set(source, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MAX_SOURCES && oldest !== undefined) this.#counts.delete(oldest);
  }

  #current(source: string): Count | undefined {
    const count = this.#counts.get(source);
    return count && this.#clock.monotonic() - count.since < WINDOW_MS ? count : undefined;
  }
}
