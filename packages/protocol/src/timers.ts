// Timers of any duration: those of the platform end at once beyond 2^31-1 ms.

const LONGEST_MS = 2 ** 31 - 1;

/** Calls `fn` once after `ms`, however long that is; the answer takes it back. */
export function later(ms: number, fn: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    timer = left > LONGEST_MS ? setTimeout(() => wait(left - LONGEST_MS), LONGEST_MS) : setTimeout(fn, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** The nearest duration that an interval of the platform can have. */
export function intervalMs(ms: number): number {
  return Math.min(ms, LONGEST_MS);
}
