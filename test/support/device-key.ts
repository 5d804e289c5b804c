/** Device identities for tests: Ed25519 keys that sign the connect challenge in each version of the payload. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface DeviceKey {
  /** SHA-256 of the raw public key, lower-case hexadecimal. */
  readonly id: string;
  /** The raw public key in base64url. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** What a signature covers (protocol: device identity). */
export interface SignedFacts {
  readonly clientId: string;
  readonly clientMode: string;
  readonly role?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly token?: string | undefined;
  readonly platform?: string | undefined;
  readonly deviceFamily?: string | undefined;
}

export type SignatureVersion = "v1" | "v2" | "v3";

/** The `device` object of `connect`. */
export interface DeviceProof {
  readonly id: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly signedAt: number;
  readonly nonce?: string;
}

/** A new random identity. */
export function newDeviceKey(): DeviceKey {
  return fromPrivateKey(generateKeyPairSync("ed25519").privateKey);
}

/** The identity of a 32-byte private seed. */
export function deviceKeyOf(seed: Buffer): DeviceKey {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return fromPrivateKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
}

function fromPrivateKey(privateKey: KeyObject): DeviceKey {
  const raw = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  const id = createHash("sha256").update(raw).digest("hex");
  return { id, publicKey: raw.toString("base64url"), privateKey };
}

/** The text that a device signs. */
export function payloadText(
  version: SignatureVersion,
  deviceId: string,
  facts: SignedFacts,
  { signedAt, nonce }: { signedAt: number; nonce: string },
): string {
  const lower = (text = "") => text.trim().toLowerCase();
  const { clientId, clientMode, role = "operator", scopes = [], token = "" } = facts;
  return [
    ...[version, deviceId, clientId, clientMode, role, scopes.join(","), signedAt, token],
    ...(version === "v1" ? [] : [nonce]),
    ...(version === "v3" ? [lower(facts.platform), lower(facts.deviceFamily)] : []),
  ].join("|");
}

/** Signs the facts as `connect` carries them; version 1 has no nonce. */
export function proofOf(
  key: DeviceKey,
  version: SignatureVersion,
  facts: SignedFacts,
  { signedAt, nonce }: { signedAt: number; nonce: string },
): DeviceProof {
  const text = payloadText(version, key.id, facts, { signedAt, nonce });
  const signature = sign(null, Buffer.from(text), key.privateKey).toString("base64url");
  const { id, publicKey } = key;
  return { id, publicKey, signature, signedAt, ...(version !== "v1" && { nonce }) };
}
