/** Work that many events ask for: done soon, once for all of them, and never most of the time. */
import type { Clock } from "./clock.ts";

/** The work may take one part in so many of the time; after an expensive round the next one waits longer. */
const SHARE = 20;

export class Coalesced implements Disposable {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #work: () => void;
  #due: Disposable | undefined;
  #costMs = 0;
  #isDisposed = false;

  /** `delayMs` is how long a first call waits for others. */
  constructor(options: { clock: Clock; delayMs: number; work: () => void }) {
    this.#clock = options.clock;
    this.#delayMs = options.delayMs;
    this.#work = options.work;
  }

  /** Asks for the work; calls until it is done are one, and those after the disposal are none. */
  soon(): void {
    if (this.#isDisposed) return;
    this.#due ??= this.#clock.after(Math.max(this.#delayMs, this.#costMs * SHARE), () => {
      this.#due = undefined;
      const startedAt = this.#clock.monotonic();
      this.#work();
      // Measured when the turn is over: what the work has caused to be written is part of its cost.
      this.#clock.after(0, () => {
        this.#costMs = this.#clock.monotonic() - startedAt;
      });
    });
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#due?.[Symbol.dispose]();
    this.#due = undefined;
  }
}
