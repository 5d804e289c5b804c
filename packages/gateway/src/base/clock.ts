/** Time as a port, so that tests can move it. Wall time is for people and rows, monotonic time for limits. */

export interface Clock {
  /** Epoch milliseconds; may jump. */
  now(): number;
  /** Epoch milliseconds without jumps: for what is deleted, given up or repeated by age. See `steady-clock.ts`. */
  steadyNow(): number;
  /** Milliseconds that never go back; for durations and time limits. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`, unless disposed. Does not keep the process alive. */
  after(ms: number, fn: () => void): Disposable;
  /** Calls `fn` every `ms` until disposed. Does not keep the process alive. */
  every(ms: number, fn: () => void): Disposable;
}

/** The machine's clock. Nobody watches it: its steady time jumps as it does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steadyNow: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every(ms, fn) {
    const timer = setInterval(fn, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

/** The same clock, whose timers hand what their work throws to `onError`: a full disk must not end the process. */
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
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, fn) => clock.after(ms, guarded(fn)),
    every: (ms, fn) => clock.every(ms, guarded(fn)),
  };
}
