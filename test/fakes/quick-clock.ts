/** The machine's clock with waits that are over sooner: for limits of many seconds over real sockets. */
import { type Clock, systemClock } from "../../packages/gateway/src/base/time/clock.ts";

/** A clock whose waits take `1 / factor` of their time; what it shows is the time as it is. */
export function quickClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    steadyNow: () => systemClock.steadyNow(),
    olderThan: (ageMs) => systemClock.olderThan(ageMs),
    monotonic: () => systemClock.monotonic(),
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
    after: (ms, fn) => systemClock.after(ms / factor, fn),
    every: (ms, fn) => systemClock.every(ms / factor, fn),
  };
}
