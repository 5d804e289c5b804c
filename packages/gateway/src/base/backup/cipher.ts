/**
 * Encrypts a stream with a passphrase: scrypt makes the key, AES-256-GCM seals chunk after chunk. Each chunk is bound to
 * its place and the last one says that it is the last, so pieces can be neither exchanged nor cut off (the STREAM
 * construction, eprint.iacr.org/2015/189).
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { ignore, TellableError } from "../errors.ts";
import { normalised } from "../text/normal-text.ts";
import { broken } from "./tar.ts";

const MAGIC = Buffer.from("moltbot-sealed-1\n");
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 256 * 1024;
/** 64 MB of memory and 0.2 s (2026): each guess costs as much. */
const COST = { N: 2 ** 16, r: 8, p: 1, maxmem: 96 * 1024 * 1024 };
const HEAD_BYTES = MAGIC.length + SALT_BYTES;

/** Whether a file that begins with these bytes is encrypted. */
export function isSealed(head: Buffer): boolean {
  return head.subarray(0, MAGIC.length).equals(MAGIC);
}

/** How many bytes `isSealed` wants to see. */
export const SEALED_HEAD_BYTES = MAGIC.length;

/** Encrypts what comes. */
export function sealing(passphrase: string) {
  return async function* seal(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const salt = randomBytes(SALT_BYTES);
    const key = await keyOf(passphrase, salt);
    yield Buffer.concat([MAGIC, salt]);
    let number = 0;
    for await (const { chunk, isLast } of inChunks(source, CHUNK_BYTES)) {
      const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number++, isLast));
      yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
    }
  };
}

/** Decrypts what `sealing` made. Throws `TellableError` when the passphrase is another one, or a bit is. */
export function opening(passphrase: string) {
  return async function* open(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const head: Buffer[] = [];
    const rest = afterHead(source, head);
    let key: Buffer | undefined;
    let number = 0;
    for await (const { chunk, isLast } of inChunks(rest, CHUNK_BYTES + TAG_BYTES)) {
      key ??= await keyOf(passphrase, head[0]!.subarray(MAGIC.length));
      yield opened(chunk, key, nonceOf(number++, isLast));
    }
  };
}

function opened(chunk: Buffer, key: Buffer, nonce: Buffer): Buffer {
  if (chunk.length < TAG_BYTES) throw broken();
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAuthTag(chunk.subarray(-TAG_BYTES));
  const text = decipher.update(chunk.subarray(0, -TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch (cause) {
    throw new TellableError("the backup cannot be opened: the passphrase is another one, or the file is damaged", {
      cause,
    });
  }
}

/** What follows the head of a sealed stream; the head itself is put into `taken`. */
async function* afterHead(source: AsyncIterable<Buffer>, taken: Buffer[]): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  for await (const piece of source) {
    const missing = HEAD_BYTES - head.length;
    if (missing > 0) head = Buffer.concat([head, piece.subarray(0, missing)]);
    if (taken.length === 0 && head.length === HEAD_BYTES) {
      if (!isSealed(head)) throw broken();
      taken.push(head);
    }
    if (piece.length > missing) yield piece.subarray(missing);
  }
  if (taken.length === 0) throw broken();
}

/** Cuts a stream into chunks of one size; the last one is marked, and may be shorter. */
async function* inChunks(source: AsyncIterable<Buffer>, size: number) {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of source) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes <= size) continue;
    const all = Buffer.concat(waiting);
    let at = 0;
    for (; all.length - at > size; at += size) yield { chunk: all.subarray(at, at + size), isLast: false };
    waiting = [all.subarray(at)];
    bytes = all.length - at;
  }
  yield { chunk: Buffer.concat(waiting), isLast: true };
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** The key that was made last: a backup is often read again, and each time its key would cost as much as a guess. */
let last: { readonly passphrase: string; readonly salt: Buffer; readonly key: Promise<Buffer> } | undefined;

function keyOf(passphrase: string, salt: Buffer): Promise<Buffer> {
  if (last?.passphrase === passphrase && last.salt.equals(salt)) return last.key;
  const key = makeKey(passphrase, salt);
  last = { passphrase, salt: Buffer.from(salt), key };
  key.catch((error: unknown) => {
    ignore(error, "whoever has asked for the key is told");
    last = undefined;
  });
  return key;
}

function makeKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(normalised(passphrase, "NFC"), salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
