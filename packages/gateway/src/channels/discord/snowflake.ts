/** Discord's ids: their upper bits are the milliseconds since 2015. */

const EPOCH_MS = 1_420_070_400_000n;

/** When the thing of that id was made, epoch ms. */
export function timeOf(id: string): number {
  return Number((BigInt(id) >> 22n) + EPOCH_MS);
}

/** The least id of that moment. */
export function idAt(at: number): string {
  const sinceEpoch = BigInt(Math.trunc(at)) - EPOCH_MS;
  return String(sinceEpoch > 0n ? sinceEpoch << 22n : 0n);
}

/** The newer of two ids; undefined is older than all. */
export function newer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return BigInt(a) > BigInt(b) ? a : b;
}

/** Whether a value has the form of an id. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,20}$/.test(value);
}
