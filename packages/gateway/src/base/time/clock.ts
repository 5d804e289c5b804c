/** Time as a port, so that tests can move it. Wall time is for people and rows, monotonic time for limits. */

export interface Clock {
  /** Epoch milliseconds; may jump. */
  now(): number;
  /** Epoch milliseconds without jumps: for what is deleted, given up or repeated by age. See `steady-clock.ts`. */
  steadyNow(): number;
  /**
   * A time before which every `now()` stamp is certainly older than `ageMs`, whatever the machine's clock has done
   * since. Everything that is deleted by age is judged by it. With 0 it is the earliest time that it can be now.
   */
  olderThan(ageMs: number): number;
  /** Milliseconds that never go back; for durations and time limits. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`, unless disposed. Does not keep the process alive. */
  after(ms: number, fn: () => void): Disposable;
  /** Calls `fn` every `ms` until disposed. Does not keep the process alive. */
  every(ms: number, fn: () => void): Disposable;
}

/** The longest wait that the system's timers know; a longer one would be over at once (Node: setTimeout). */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's clock; it accepts any duration. Its steady time is not corrected: it jumps with the wall time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steadyNow: () => Date.now(),
  olderThan: (ageMs) => Date.now() - ageMs,
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = () => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = timeout(ms, { holds: true }, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
  after: (ms, fn) => timeout(ms, { holds: false }, fn),
  every(ms, fn) {
    if (ms > LONGEST_MS) {
      let next = timeout(ms, { holds: false }, function again() {
        next = timeout(ms, { holds: false }, again);
        fn();
      });
      return { [Symbol.dispose]: () => next[Symbol.dispose]() };
    }
    const timer = setInterval(fn, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

/** A timer of any duration; a long one is made of several. `holds` keeps the process alive until it fires. */
function timeout(ms: number, { holds }: { holds: boolean }, fn: () => void): Disposable {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    timer = left > LONGEST_MS ? setTimeout(() => wait(left - LONGEST_MS), LONGEST_MS) : setTimeout(fn, left);
    if (!holds) timer.unref();
  };
  wait(ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Wraps a clock so that its timers hand what their work throws to `onError`: a full disk must not end the process. */
export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  const guarded = (fn: () => void) => () => {
    try {
      fn();
    } catch (error) {
      onError(error);
    }
  };
  return {
    now: () => clock.now(),
    steadyNow: () => clock.steadyNow(),
    olderThan: (ageMs) => clock.olderThan(ageMs),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, fn) => clock.after(ms, guarded(fn)),
    every: (ms, fn) => clock.every(ms, guarded(fn)),
  };
}
