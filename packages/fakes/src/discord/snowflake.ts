/** Discord's ids: the milliseconds since 2015 in the upper bits, so that ids sort by time. */

const EPOCH_MS = 1_420_070_400_000n;

/** Makes ids that never repeat and, within a millisecond, go up. */
export class Snowflakes {
  #count = 0n;

  next(at = Date.now()): string {
    this.#count = (this.#count + 1n) % (1n << 22n);
    return String(((BigInt(at) - EPOCH_MS) << 22n) | this.#count);
  }
}
