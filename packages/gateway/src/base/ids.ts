/** Identifiers and fingerprints. */
import { hash, randomBytes, randomFillSync, randomUUID, timingSafeEqual } from "node:crypto";

/** A new random id (UUID version 4). */
export function newId(): string {
  return randomUUID();
}

/** A new secret of `bytes` random bytes in base64url: 43 characters for the default 32. */
export function newSecret(bytes = 32): string {
  return asArgument(fresh(bytes).toString("base64url"));
}

/** Random bytes that nobody has been given. Asking the system for a few costs as much as asking for all of these. */
const drawn = { bytes: Buffer.alloc(0), used: 0 };
const DRAWN_BYTES = 1_024;

/** Takes random bytes that were drawn before, and wipes them there. */
function fresh(count: number): Buffer {
  if (count > DRAWN_BYTES) return randomBytes(count);
  if (drawn.used + count > drawn.bytes.length) {
    drawn.bytes = randomFillSync(Buffer.alloc(DRAWN_BYTES));
    drawn.used = 0;
  }
  const taken = drawn.bytes.subarray(drawn.used, drawn.used + count);
  const bytes = Buffer.from(taken);
  taken.fill(0);
  drawn.used += count;
  return bytes;
}

/** Makes a base64url text safe as an argument: a leading `-` would make it a flag. */
export function asArgument(secret: string): string {
  return secret.replace(/^-/, "A");
}

/** Lower-case hexadecimal SHA-256. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** Compares two secrets in constant time, whatever their lengths: their digests are compared. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}

/** A mark that nobody outside can foresee: 64 random bits as 16 hexadecimal digits. */
export function newMark(): string {
  return fresh(8).toString("hex");
}
