/** Identifiers and fingerprints. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";

/** A new random id (UUID version 4). */
export function newId(): string {
  return randomUUID();
}

/** A new secret of `bytes` random bytes in base64url: 43 characters for the default 32. */
export function newSecret(bytes = 32): string {
  return asArgument(randomBytes(bytes).toString("base64url"));
}

/** Makes a base64url text safe as an argument: a leading `-` would make it a flag. */
export function asArgument(secret: string): string {
  return secret.replace(/^-/, "A");
}

/** Lower-case hexadecimal SHA-256. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Compares two secrets in constant time, whatever their lengths: their digests are compared. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** A mark that nobody outside can foresee: 64 random bits as 16 hexadecimal digits. */
export function newMark(): string {
  return randomBytes(8).toString("hex");
}
