/** A clock that stands still until a test moves it. Timers fire in the order in which they are due. */
import type { Clock } from "../../packages/gateway/src/base/time/clock.ts";

interface Timer {
  due: number;
  readonly every: number | undefined;
  readonly fn: () => void;
}

/** The wall time at which a fake clock starts: that of the protocol's signature vectors. */
export const FAKE_EPOCH = 1_737_264_000_000;

export class FakeClock implements Clock {
  #elapsed = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return FAKE_EPOCH + this.#elapsed;
  }

  steadyNow(): number {
    return this.now();
  }

  olderThan(ageMs: number): number {
    return this.now() - ageMs;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Timers that have not fired and were not disposed: none is left when everything has been stopped. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms` and calls what becomes due on the way. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.due - b.due)[0];
      if (!next || next.due > end) break;
      this.#elapsed = next.due;
      if (next.every === undefined) this.#timers.delete(next);
      else next.due += next.every;
      next.fn();
    }
    this.#elapsed = end;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = this.after(ms, resolve);
      signal?.addEventListener("abort", () => {
        timer[Symbol.dispose]();
        reject(signal.reason);
      });
    });
  }

  after(ms: number, fn: () => void): Disposable {
    return this.#add({ due: this.#elapsed + ms, every: undefined, fn });
  }

  every(ms: number, fn: () => void): Disposable {
    return this.#add({ due: this.#elapsed + ms, every: ms, fn });
  }

  #add(timer: Timer): Disposable {
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }
}
