/** Coalesces work that many events ask for: it runs soon, once for all of them, and never takes most of the time. */
import type { Clock } from "./clock.ts";

/** The work may take one part in this many of the time; after an expensive round the next one waits longer. */
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

  /** Requests the work; calls until it is done are one. Does nothing after the disposal. */
  soon(): void {
    if (this.#isDisposed) return;
    this.#due ??= this.#clock.after(Math.max(this.#delayMs, this.#costMs * SHARE), () => {
      this.#due = undefined;
      const startedAt = this.#clock.monotonic();
      this.#work();
      // Measure when the turn is over: writes that the work has caused are part of its cost.
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
