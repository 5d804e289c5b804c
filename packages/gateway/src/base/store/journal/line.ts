/**
 * The lines of a statement journal. A line is a checksum and JSON. With a passphrase the JSON is encrypted; of such a line
 * only its kind, chain and number can be read. A transaction whose line would be longer than 512 KB is cut into several.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import type { SQLInputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { isRecord } from "../../config/config.ts";
import { TellableError } from "../../errors.ts";
import { isCount, isOneOf, isShaped, isText } from "../../shape.ts";
import { normalised } from "../../text/normal-text.ts";

/** A statement and its values. */
export type Statement = readonly [sql: string, ...values: SQLInputValue[]];

/** A place in a journal. */
export interface JournalPosition {
  /** Lines of one chain follow each other without a gap; another chain begins from another database. */
  readonly chain: string;
  /** The number of a transaction. */
  readonly seq: number;
}

/** What is where a file begins, and where a gateway began to write; `seq` is that of the last transaction before. */
export interface JournalHead extends JournalPosition {
  readonly kind: "head";
  readonly at: number;
  /** The versions of the tables. */
  readonly versions: Readonly<Record<string, number>>;
  /** Base64; the lines until the next head are encrypted. */
  readonly salt?: string;
}

/** A transaction. */
export interface JournalEntry extends JournalPosition {
  readonly kind: "entry";
  /** Epoch ms. */
  readonly at: number;
  readonly statements: readonly Statement[];
}

/** The transaction of this number was not committed after all. */
interface VoidEntry extends JournalPosition {
  readonly kind: "void";
}

/** A piece of the JSON of an entry, in base64. */
export interface JournalPart extends JournalPosition {
  readonly kind: "part";
  /** From 1 on. */
  readonly part: number;
  readonly parts: number;
  readonly of?: string;
}

/** What a journal says. */
export type JournalLine = JournalHead | JournalEntry | VoidEntry;

/** What is in one line of its file. */
export type WrittenLine = (JournalLine | JournalPart) & { readonly sealed?: string };

/** The longest line, bytes: what a message of a log server may have, with room to spare. */
const LINE_BYTES = 512 * 1024;
/** What a part takes of the JSON: base64 makes it longer by a third. */
const PART_BYTES = 383 * 1024;

/** A line, or the lines of a long transaction, with their ends. */
export function toLines(line: JournalLine, key: Buffer | undefined): Buffer {
  const json = JSON.stringify(line, (_, value: unknown) => toJson(value));
  const whole = key === undefined ? json : JSON.stringify({ ...marksOf(line), sealed: sealed(Buffer.from(json), key) });
  const bytes = checked(whole);
  return bytes.length <= LINE_BYTES ? bytes : inParts(line, Buffer.from(json), key);
}

function inParts(line: JournalLine, json: Buffer, key: Buffer | undefined): Buffer {
  const parts = Math.ceil(json.length / PART_BYTES);
  const marks = { ...marksOf(line), kind: "part" as const, parts };
  return Buffer.concat(
    Array.from({ length: parts }, (_, index) => {
      const piece = json.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
      const part = { ...marks, part: index + 1 };
      const content = key === undefined ? { of: piece.toString("base64") } : { sealed: sealed(piece, key, part) };
      return checked(JSON.stringify({ ...part, ...content }));
    }),
  );
}

function checked(json: string): Buffer {
  return Buffer.from(`${sumOf(json)} ${json}\n`);
}

function sumOf(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

/** What is readable of an encrypted line: by it a journal goes on without its passphrase. */
function marksOf({ kind, chain, seq }: JournalLine) {
  return { kind, chain, seq };
}

/** Whether a file that begins with these bytes may be a journal: one that was cut off, or that no byte reached, may be. */
export function mayBeJournal(beginning: Buffer): boolean {
  const text = beginning.toString("latin1");
  const pattern = "00000000 {";
  return /^\0*$/.test(text) || [...pattern].every((mark, at) => isAsAt(text[at], mark));
}

function isAsAt(found: string | undefined, mark: string): boolean {
  return found === undefined || (mark === "0" ? /[0-9a-f]/.test(found) : found === mark);
}

/** How many bytes `mayBeJournal` wants to see. */
export const BEGINNING_BYTES = 10;

/** A line whose checksum is right; undefined for any other. */
export function parseLine(text: string): WrittenLine | undefined {
  const json = text.slice(9);
  if (text.slice(0, 9) !== `${sumOf(json)} `) return undefined;
  const line = parsed(json);
  return isLine(line) ? line : undefined;
}

function parsed(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) => fromJson(value));
}

const isMarked = isShaped<Pick<WrittenLine, "kind" | "chain" | "seq">>({
  ...{ kind: isOneOf("head", "entry", "void", "part"), chain: isText, seq: isCount },
});

/** A line that says what it is; the rest of an encrypted one is in `sealed`. */
function isLine(value: unknown): value is WrittenLine {
  if (!isRecord(value) || !isMarked(value)) return false;
  const { kind, sealed, versions, statements, part, parts, of }: Record<string, unknown> = { ...value };
  if (kind === "part") return isCount(part) && isCount(parts) && (isText(of) || isText(sealed));
  if (sealed !== undefined) return isText(sealed);
  return kind === "head" ? isRecord(versions) : kind === "void" || Array.isArray(statements);
}

/** What an encrypted line holds. Throws `TellableError` when the passphrase is another one. */
export function unsealedLine(text: string, key: Buffer): JournalLine {
  return parsed(unsealed(text, key).toString("utf8")) as JournalLine;
}

/** The bytes of a part. Throws `TellableError` when the passphrase is another one. */
export function bytesOfPart(part: JournalPart & { readonly sealed?: string }, key: Buffer | undefined): Buffer {
  if (part.sealed === undefined) return Buffer.from(part.of ?? "", "base64");
  return unsealed(part.sealed, key!, part);
}

/** What the parts of a transaction say together. */
export function entryOfParts(pieces: readonly Buffer[]): JournalLine {
  return parsed(Buffer.concat(pieces).toString("utf8")) as JournalLine;
}

function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return { $: "i", of: String(value) };
  if (isRecord(value) && value.type === "Buffer" && Array.isArray(value.data))
    return { $: "b", of: Buffer.from(value.data as number[]).toString("base64") };
  if (ArrayBuffer.isView(value))
    return { $: "b", of: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  return value;
}

function fromJson(value: unknown): unknown {
  if (!isRecord(value) || typeof value.of !== "string") return value;
  if (value.$ === "i") return BigInt(value.of);
  return value.$ === "b" ? new Uint8Array(Buffer.from(value.of, "base64")) : value;
}

/** The key of a passphrase: 0.1 s and 32 MB (2026). */
export function keyOf(passphrase: string, salt: Buffer): Buffer {
  return scryptSync(normalised(passphrase, "NFC"), salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
}

/** The place of a part is sealed with it: parts cannot be exchanged. */
type PartPlace = Pick<JournalPart, "seq" | "part" | "parts">;

function placeOf({ seq, part, parts }: PartPlace): Buffer {
  return Buffer.from(`${seq} ${part} ${parts}`);
}

function sealed(bytes: Buffer, key: Buffer, place?: PartPlace): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  if (place) cipher.setAAD(placeOf(place));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

function unsealed(text: string, key: Buffer, place?: PartPlace): Buffer {
  const bytes = Buffer.from(text, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
    if (place) decipher.setAAD(placeOf(place));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  } catch (cause) {
    throw new TellableError("the journal cannot be opened: its passphrase is another one", { cause });
  }
}
