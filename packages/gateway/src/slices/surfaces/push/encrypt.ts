/** Encrypts a push message so that only the browser that subscribed can read it (RFC 8291, in the coding of RFC 8188). */
import { createCipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";

/** The keys of a subscription, as the browser gives them. */
export interface BrowserKeys {
  /** The subscription's public key: an uncompressed point of P-256, 65 bytes. */
  readonly p256dh: Buffer;
  /** The subscription's secret, 16 bytes. */
  readonly auth: Buffer;
}

/** What makes two messages of the same text differ; random unless a test says otherwise. */
export interface EncryptionRandomness {
  readonly salt?: Buffer;
  /** The private key for this one message. */
  readonly privateKey?: Buffer;
}

/** The longest text, bytes: push services take 4,096 bytes with the head and the seal (RFC 8291 section 4). */
export const MAX_TEXT_BYTES = 3_993;

const RECORD_BYTES = 4_096;
/** Ends the only record (RFC 8188 section 2). */
const LAST_RECORD = Buffer.of(2);

/** The body of the request. Throws when a key is not what `BrowserKeys` says, or the text is too long. */
export function encrypted(text: string, { p256dh, auth }: BrowserKeys, fresh: EncryptionRandomness = {}): Buffer {
  const plain = Buffer.from(text);
  if (plain.byteLength > MAX_TEXT_BYTES) throw new RangeError(`a push message has at most ${MAX_TEXT_BYTES} bytes`);
  const sender = createECDH("prime256v1");
  if (fresh.privateKey) sender.setPrivateKey(fresh.privateKey);
  else sender.generateKeys();
  const { salt = randomBytes(16) } = fresh;
  const publicKey = sender.getPublicKey();
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), p256dh, publicKey]);
  const secret = derived(sender.computeSecret(p256dh), auth, info, 32);
  const key = derived(secret, salt, "Content-Encoding: aes128gcm\0", 16);
  const nonce = derived(secret, salt, "Content-Encoding: nonce\0", 12);
  const cipher = createCipheriv("aes-128-gcm", key, nonce);
  const sealed = [cipher.update(Buffer.concat([plain, LAST_RECORD])), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([salt, head(publicKey), ...sealed]);
}

/** The size of a record, and the sender's key with its length (RFC 8188 section 2.1). */
function head(publicKey: Buffer): Buffer {
  const sizes = Buffer.alloc(5);
  sizes.writeUInt32BE(RECORD_BYTES);
  sizes.writeUInt8(publicKey.byteLength, 4);
  return Buffer.concat([sizes, publicKey]);
}

function derived(secret: Buffer, salt: Buffer, info: Buffer | string, bytes: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, bytes));
}
