/** This machine's device identity and the device tokens it was given, as private files in the state folder. */

import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { join } from "node:path";
import type { DeviceIdentity, Role, TokenStorage } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { readTextIfExists, writePrivateFile } from "../../base/files.ts";
import { CliError } from "../language/exit.ts";

interface DeviceFile {
  readonly version: 1;
  readonly deviceId: string;
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
  readonly createdAtMs: number;
}

/** Reads `identity/device.json`, or makes it on first use. Node's own Ed25519 spares loading Web Crypto. */
export function loadDevice(stateDir: string): DeviceIdentity {
  const path = join(stateDir, "identity", "device.json");
  const file = readJson(path) ?? createDevice(path);
  const { publicKeyPem, privateKeyPem } = file as Partial<DeviceFile>;
  if (typeof publicKeyPem !== "string" || typeof privateKeyPem !== "string") throw damaged(path);
  const raw = rawPublicKey(publicKeyPem);
  return {
    deviceId: createHash("sha256").update(raw).digest("hex"),
    publicKey: raw.toString("base64url"),
    sign: (text) => sign(null, Buffer.from(text), createPrivateKey(privateKeyPem)).toString("base64url"),
  };
}

/** The token cache `identity/device-auth.json`; it belongs to one device and forgets the tokens of another. */
export function deviceTokens(stateDir: string, deviceId: string): TokenStorage {
  const path = join(stateDir, "identity", "device-auth.json");
  const read = () => {
    const file = readJson(path);
    return file?.deviceId === deviceId && isRecord(file.tokens) ? file.tokens : {};
  };
  return {
    load(role: Role) {
      const entry = read()[role];
      return isRecord(entry) && typeof entry.token === "string" ? entry.token : undefined;
    },
    save(role: Role, token: string | undefined) {
      const { [role]: before, ...others } = read();
      if (token === (isRecord(before) ? before.token : undefined)) return;
      const tokens = token === undefined ? others : { ...others, [role]: { token, role, updatedAtMs: Date.now() } };
      writePrivateFile(path, `${JSON.stringify({ version: 1, deviceId, tokens }, undefined, 2)}\n`);
    },
  };
}

function createDevice(path: string): DeviceFile {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const deviceId = createHash("sha256").update(rawPublicKey(publicKey)).digest("hex");
  const file: DeviceFile = {
    version: 1,
    deviceId,
    publicKeyPem: publicKey,
    privateKeyPem: privateKey,
    createdAtMs: Date.now(),
  };
  writePrivateFile(path, `${JSON.stringify(file, undefined, 2)}\n`);
  return file;
}

/** The raw key is the last 32 bytes of its SPKI form (RFC 8410). */
function rawPublicKey(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64").subarray(-32);
}

function readJson(path: string): Record<string, unknown> | undefined {
  const text = readTextIfExists(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw damaged(path, error);
  }
  throw damaged(path);
}

function damaged(path: string, cause?: unknown): CliError {
  return new CliError(`${path} is damaged. Move it away; the next command makes a new one, to be approved again.`, 1, {
    cause,
  });
}
