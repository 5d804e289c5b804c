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

/** The tokens that a key gives. Some are remembered: devices come back, and deriving one is a tenth of a handshake. */
export class DeviceTokens {
  readonly #key: string;
  /** In the order in which they were derived. */
  readonly #known = new Map<string, string>();

  constructor(key: string) {
    this.#key = key;
  }

  /** See `deriveToken`. */
  of(deviceId: string, role: string, version: number): string {
    const name = `${deviceId}|${role}|${version}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const token = deriveToken(this.#key, deviceId, role, version);
    this.#known.set(name, token);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return token;
  }
}

const MAX_KNOWN = 1_000;

/**
 * The first version of a token. It is random, so that a device that is removed and paired again never gets an old token
 * back.
 */
export function firstTokenVersion(): number {
  return randomInt(2 ** 47);
}
