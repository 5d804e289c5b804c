/** Device tokens are derived, not stored: a copy of the database alone gives nobody a usable token. */
import { createHmac, randomInt } from "node:crypto";
import { readTextIfExists, tokenKeyPath, writePrivateFile } from "../../../base/files.ts";
import { asArgument, newSecret } from "../../../base/ids.ts";

/** The key of the state folder, made on first use. */
export function loadTokenKey(stateDir: string): string {
  const path = tokenKeyPath(stateDir);
  const known = readTextIfExists(path)?.trim();
  if (known) return known;
  const made = newSecret();
  writePrivateFile(path, `${made}\n`);
  return made;
}

/** The token of one version of a device's role: 43 characters of base64url. */
export function deriveToken(key: string, deviceId: string, role: string, version: number): string {
  return asArgument(createHmac("sha256", key).update(`${deviceId}|${role}|${version}`).digest("base64url"));
}

/**
 * The first version of a token. It is random, so that a device that is removed and paired again never gets an old token
 * back.
 */
export function firstTokenVersion(): number {
  return randomInt(2 ** 47);
}
