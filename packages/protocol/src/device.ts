// A device identity: an Ed25519 key pair whose public half names the device, and the tokens the gateway gives it.
// Works wherever Web Crypto does. Node programs may bring their own `DeviceIdentity`.

import type { Challenge, ClientInfo, DeviceProof, Role } from "./frames.ts";

/** A device that can prove who it is. */
export interface DeviceIdentity {
  /** Lowercase hex SHA-256 of the raw public key. */
  readonly deviceId: string;
  /** The raw 32 bytes in base64url without padding. */
  readonly publicKey: string;
  /** Signs the UTF-8 bytes of `text` with Ed25519; base64url without padding. */
  sign(text: string): Promise<string> | string;
}

/** Where a device keeps its key pair between visits. */
export interface KeyStorage {
  load(): Promise<CryptoKeyPair | undefined>;
  save(keys: CryptoKeyPair): Promise<void>;
}

/** Where a client keeps the device tokens it was given, one for each role. */
export interface TokenStorage {
  load(role: Role): Promise<string | undefined> | string | undefined;
  /** Called with `undefined` when the gateway no longer accepts the token. */
  save(role: Role, token: string | undefined): Promise<void> | void;
}

/** True where `openDeviceIdentity` can work: browsers withhold Web Crypto from pages on plain http. */
export function canSign(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** Loads the device's key pair, or makes one and saves it. The private key can be used but never read out. */
export async function openDeviceIdentity(storage: KeyStorage): Promise<DeviceIdentity> {
  const stored = await storage.load();
  if (stored !== undefined) return deviceIdentity(stored);
  const keys = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
  await storage.save(keys);
  return deviceIdentity(keys);
}

/** The identity that a key pair stands for. */
export async function deviceIdentity(keys: CryptoKeyPair): Promise<DeviceIdentity> {
  const raw = await crypto.subtle.exportKey("raw", keys.publicKey);
  const digest = await crypto.subtle.digest("SHA-256", raw);
  return {
    deviceId: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    publicKey: base64Url(raw),
    async sign(text) {
      return base64Url(await crypto.subtle.sign("Ed25519", keys.privateKey, new TextEncoder().encode(text)));
    },
  };
}

/** Keeps the key pair in the browser's IndexedDB, where scripts can use but not read it. */
export function indexedDbKeys(database = "moltbot-device"): KeyStorage {
  const transact = async <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const opening = indexedDB.open(database, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    const db = await settled(opening);
    try {
      return await settled(work(db.transaction("keys", mode).objectStore("keys")));
    } finally {
      db.close();
    }
  };
  return {
    load: () => transact<CryptoKeyPair | undefined>("readonly", (store) => store.get("device")),
    async save(keys) {
      await transact("readwrite", (store) => store.put(keys, "device"));
    },
  };
}

/** Keeps device tokens for as long as the object lives. */
export function memoryTokens(): TokenStorage {
  const tokens = new Map<Role, string>();
  return {
    load: (role) => tokens.get(role),
    save(role, token) {
      if (token === undefined) tokens.delete(role);
      else tokens.set(role, token);
    },
  };
}

/** Keeps device tokens in the browser's `localStorage` or `sessionStorage`. */
export function webTokens(storage: Storage, prefix = "moltbot.device-token."): TokenStorage {
  return {
    load: (role) => storage.getItem(prefix + role) ?? undefined,
    save(role, token) {
      if (token === undefined) storage.removeItem(prefix + role);
      else storage.setItem(prefix + role, token);
    },
  };
}

/** How the signed text is laid out. v1 has no nonce; v3 adds the platform. Gateways of protocol 3 may know only v1 and v2. */
export type SignatureVersion = "v1" | "v2" | "v3";

/** What a device signature covers, in wire order. `token` is `auth.token` as sent; the password is never part of it. */
export interface SignedFields {
  deviceId: string;
  client: Pick<ClientInfo, "id" | "mode" | "platform" | "deviceFamily">;
  role: Role;
  scopes: readonly string[];
  signedAt: number;
  token: string;
  nonce: string;
}

/** The text that a device signs to connect (protocol: device identity). */
export function signedText(version: SignatureVersion, fields: SignedFields): string {
  const { deviceId, client, role, scopes, signedAt, token, nonce } = fields;
  const v1 = [deviceId, client.id, client.mode, role, scopes.join(","), signedAt, token];
  if (version === "v1") return ["v1", ...v1].join("|");
  if (version === "v2") return ["v2", ...v1, nonce].join("|");
  return ["v3", ...v1, nonce, normalise(client.platform), normalise(client.deviceFamily)].join("|");
}

/** Proves possession of the key to one gateway, for one connection. Without a challenge the proof is v1: it has no nonce. */
export async function proveDevice(
  device: DeviceIdentity,
  fields: Omit<SignedFields, "deviceId" | "signedAt" | "nonce">,
  { challenge, version }: { challenge: Challenge | undefined; version: SignatureVersion },
): Promise<DeviceProof> {
  const { nonce = "", ts: signedAt = Date.now() } = challenge ?? {};
  const text = signedText(nonce === "" ? "v1" : version, { ...fields, deviceId: device.deviceId, signedAt, nonce });
  const signature = await device.sign(text);
  return { id: device.deviceId, publicKey: device.publicKey, signature, signedAt, ...(nonce !== "" && { nonce }) };
}

/** ASCII only: the gateway must arrive at the same bytes, whatever its language. */
function normalise(value: string | undefined): string {
  return (value ?? "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function base64Url(bytes: ArrayBuffer): string {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
