/** Proof that a connection holds a device's key: who signed what, and when (protocol: device identity). */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { GatewayError } from "../../base/errors.ts";
import { sha256Hex } from "../../base/ids.ts";

/** The device object of `connect`. */
export interface PresentedDevice {
  readonly id: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly signedAt: number;
  readonly nonce?: string | undefined;
}

/** Everything that the signature covers, as the client sent it. */
export interface SignedFacts {
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly platform: string;
  readonly deviceFamily: string;
}

export interface ProofContext {
  readonly now: number;
  /** The nonce of this connection's challenge. */
  readonly nonce: string;
  /** How far the client's clock may be off, ms. */
  readonly maxSkewMs: number;
  /** Whether a signature without a nonce (version 1) is accepted: old local clients only. */
  readonly allowNoNonce: boolean;
  /** The version to try first. */
  readonly prefer: "v2" | "v3";
}

/**
 * Checks a device's proof; returns its public key in the wire's form. Throws `INVALID_REQUEST` with the protocol's text
 * and `details.code` for the first check that fails, in the protocol's order.
 */
export function verifyDevice(
  device: PresentedDevice,
  facts: SignedFacts,
  context: ProofContext,
): { publicKey: string } {
  const raw = rawPublicKey(device.publicKey);
  if (!raw || sha256Hex(raw) !== device.id) throw refused("device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH");
  if (Math.abs(context.now - device.signedAt) > context.maxSkewMs) {
    throw refused("device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED");
  }
  const nonce = device.nonce?.trim() || undefined;
  if (!nonce && !context.allowNoNonce) throw refused("device nonce required", "DEVICE_AUTH_NONCE_REQUIRED");
  if (nonce && nonce !== context.nonce) throw refused("device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH");
  if (isWeakKey(raw)) throw refused("device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID");
  const signature = decodeBase64(device.signature);
  const versions = nonce ? ([context.prefer, other(context.prefer)] as const) : (["v1"] as const);
  if (!versions.some((version) => isSignedBy(raw, signature, payload(version, device, facts, nonce ?? ""))))
    throw refused("device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID");
  return { publicKey: raw.toString("base64url") };
}

function other(version: "v2" | "v3"): "v2" | "v3" {
  return version === "v2" ? "v3" : "v2";
}

function refused(message: string, code: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", message, { details: { code } });
}

/** The text that was signed. Fields are joined by "|"; scopes exactly as sent. */
export function payload(
  version: "v1" | "v2" | "v3",
  device: Pick<PresentedDevice, "id" | "signedAt">,
  facts: SignedFacts,
  nonce: string,
): string {
  const fields = [
    version,
    device.id,
    facts.clientId,
    facts.clientMode,
    facts.role,
    facts.scopes.join(","),
    String(device.signedAt),
    facts.token,
  ];
  if (version !== "v1") fields.push(nonce);
  if (version === "v3") fields.push(asciiLower(facts.platform), asciiLower(facts.deviceFamily));
  return fields.join("|");
}

function asciiLower(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** The 32 bytes of a key given as base64url, base64 or PEM; undefined when it is none of them. */
function rawPublicKey(text: string): Buffer | undefined {
  const base64 = text.includes("BEGIN") ? text.replace(/-----[^-]+-----/g, "").replace(/\s/g, "") : text.trim();
  const bytes = decodeBase64(base64);
  if (bytes?.length === 32) return bytes;
  const isSpki = bytes?.length === 44 && bytes.subarray(0, 12).equals(SPKI_PREFIX);
  return isSpki ? bytes.subarray(12) : undefined;
}

function decodeBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}

/**
 * Points of small order accept signatures that nobody made, and a y of p or more is a second spelling of another key
 * (RFC 8032 section 5.1.3; the eight small-order encodings of edwards25519).
 */
function isWeakKey(raw: Buffer): boolean {
  const y = Buffer.from(raw);
  y[31] = y[31]! & 0x7f;
  return SMALL_ORDER_Y.has(y.toString("hex")) || isAtLeastP(y);
}

const SMALL_ORDER_Y = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** p = 2^255 - 19, little-endian: all bits set but for a lowest byte of 0xed. */
function isAtLeastP(y: Buffer): boolean {
  return y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff) && y[0]! >= 0xed;
}

function isSignedBy(raw: Buffer, signature: Buffer | undefined, text: string): boolean {
  return signature?.length === 64 && verify(null, Buffer.from(text), keyOf(raw), signature);
}

/** Keys seen lately, oldest first: making one costs as much as the check itself, and devices come back. */
const keys = new Map<string, KeyObject>();
const MAX_KEYS = 1_000;

function keyOf(raw: Buffer): KeyObject {
  const name = raw.toString("latin1");
  const key =
    keys.get(name) ?? createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
  keys.delete(name);
  keys.set(name, key);
  if (keys.size > MAX_KEYS) keys.delete(keys.keys().next().value!);
  return key;
}
