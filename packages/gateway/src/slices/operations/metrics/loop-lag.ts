/**
 * How late the event loop is. Measuring costs a timer, so it begins when somebody asks for the first time, and ends when nobody
 * has asked for five minutes.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../../../base/time/clock.ts";

const RESOLUTION_MS = 20;
const NOBODY_ASKS_MS = 5 * 60_000;

export class LoopLag implements Disposable {
  readonly #clock: Clock;
  #monitor: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #end: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Since the last time that it was asked: the middle, the 99th of a hundred, and the worst, in seconds. Empty at first. */
  read(): readonly (readonly [which: string, seconds: number])[] {
    this.#end?.[Symbol.dispose]();
    this.#end = this.#clock.after(NOBODY_ASKS_MS, () => this[Symbol.dispose]());
    const monitor = this.#monitor;
    if (!monitor) {
      this.#monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#monitor.enable();
      return [];
    }
    const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3);
    const read =
      monitor.count === 0
        ? []
        : ([
            ["p50", seconds(monitor.percentile(50))],
            ["p99", seconds(monitor.percentile(99))],
            ["max", seconds(monitor.max)],
          ] as const);
    monitor.reset();
    return read;
  }

  [Symbol.dispose](): void {
    this.#end?.[Symbol.dispose]();
    this.#monitor?.disable();
    this.#monitor = undefined;
  }
}
