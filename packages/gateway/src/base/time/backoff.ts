/** How long to wait before the next try. */

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Each wait is this many times the one before. */
  readonly factor: number;
}

/**
 * The wait after the n-th failure in a row (from 1), ms. It varies by ±25 %, so that many clients do not try at once.
 */
export function backoffMs(failures: number, { baseMs, maxMs, factor }: Backoff, random = Math.random): number {
  const wait = Math.min(maxMs, baseMs * factor ** Math.max(0, Math.min(failures, 50) - 1));
  return Math.round(wait * (0.75 + random() * 0.5));
}
