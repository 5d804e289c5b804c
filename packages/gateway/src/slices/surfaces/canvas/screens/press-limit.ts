/** How many presses a page may send: so many a second are more than a person makes. */
import type { Clock } from "../../../../base/time/clock.ts";

/** Source: the limits of messages from pages. */
const PRESSES_A_SECOND = 5;

export const TOO_MANY = "too many presses at once; wait a second and press again";

/** Says of each press whether it is in time. */
export function pressLimit(clock: Pick<Clock, "monotonic">): () => boolean {
  const taken: number[] = [];
  return () => {
    const now = clock.monotonic();
    while (taken.length > 0 && now - taken[0]! >= 1_000) taken.shift();
    if (taken.length >= PRESSES_A_SECOND) return false;
    taken.push(now);
    return true;
  };
}
