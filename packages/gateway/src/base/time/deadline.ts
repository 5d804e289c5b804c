/** Waits that end with a signal, after a time, or with both. They do not stop the work itself. */
import type { Clock } from "./clock.ts";

interface SignalLimit {
  readonly signal: AbortSignal;
}

interface TimeLimit {
  /** The time limit, ms. */
  readonly ms: number;
  readonly clock: Pick<Clock, "sleep">;
  readonly signal?: AbortSignal | undefined;
}

interface StrictTimeLimit extends TimeLimit {
  /** Makes the error that is thrown when the time is up. */
  late(): Error;
}

/**
 * Waits for the result of the work. Throws the signal's reason as soon as it aborts. When the time is up, it throws the
 * error of `late`; without `late` it returns undefined. Later results of the work are dropped. A time limit keeps the
 * process alive.
 */
export async function within<T>(work: Promise<T>, limit: SignalLimit | StrictTimeLimit): Promise<T>;
export async function within<T>(work: Promise<T>, limit: TimeLimit): Promise<T | undefined>;
export async function within<T>(
  work: Promise<T>,
  limit: SignalLimit | StrictTimeLimit | TimeLimit,
): Promise<T | undefined> {
  const { signal } = limit;
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  using _listener = signal && onAbort(signal, () => reject(signal.reason));
  if (!("ms" in limit)) return await Promise.race([stopped, work]);
  const over = new AbortController();
  const timeUp = limit.clock.sleep(limit.ms, over.signal).then(() => {
    if ("late" in limit) throw limit.late();
    return undefined;
  });
  try {
    return await Promise.race([stopped, work, timeUp]);
  } finally {
    over.abort();
  }
}

/**
 * Calls `fn` once when the signal aborts, at once if it has aborted already. Disposing the returned value cancels this.
 */
export function onAbort(signal: AbortSignal, fn: () => void): Disposable {
  if (signal.aborted) fn();
  else signal.addEventListener("abort", fn, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", fn) };
}
