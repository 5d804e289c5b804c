/**
 * The statement journal: each transaction that commits, as the list of its statements, in order. Replayed on the database
 * from which it began, it gives the same rows. A line is a checksum and JSON; with a passphrase the JSON is encrypted.
 * A line is on disk before its transaction commits, so one line more than the database may be there: it is void.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { SQLInputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { isRecord } from "../config/config.ts";
import { ignore, TellableError } from "../errors.ts";
import { newId } from "../ids.ts";
import { isCount, isOneOf, isShaped, isText } from "../shape.ts";
import { normalised } from "../text/normal-text.ts";

/** A statement and its values. */
export type Statement = readonly [sql: string, ...values: SQLInputValue[]];

/** What stands where a gateway began to write. */
export interface JournalHead {
  readonly kind: "head";
  /** Lines of one chain follow each other without a gap; another chain begins from another database. */
  readonly chain: string;
  /** The number of the last transaction before it. */
  readonly seq: number;
  readonly at: number;
  /** The versions of the tables. */
  readonly versions: Readonly<Record<string, number>>;
  /** Base64; the lines until the next head are encrypted. */
  readonly salt?: string;
}

/** A transaction. */
export interface JournalEntry {
  readonly kind: "entry";
  readonly chain: string;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly statements: readonly Statement[];
}

/** The transaction of this number was not committed after all. */
interface VoidEntry {
  readonly kind: "void";
  readonly chain: string;
  readonly seq: number;
}

export type JournalLine = JournalHead | JournalEntry | VoidEntry;

/** A place in a journal. */
export type JournalPosition = Pick<JournalHead, "chain" | "seq">;

/** How a journal is opened. */
export interface JournalOptions {
  readonly passphrase?: string | undefined;
  readonly versions: Readonly<Record<string, number>>;
  now(): number;
  /** The number that the database itself has of its last transaction; 0 when nobody has counted. */
  readonly seq: number;
}

/** Appends transactions to a file; each is on disk when `append` returns. */
export class Journal implements Disposable {
  readonly #file: number;
  readonly #options: JournalOptions;
  readonly #key: Buffer | undefined;
  readonly chain: string;
  #seq: number;

  /**
   * Opens the file and goes on where it ends when that is where the database stands; else a new chain begins. A line that
   * was cut off is removed.
   */
  constructor(path: string, options: JournalOptions) {
    this.#options = options;
    const { seq, passphrase, versions } = options;
    this.#file = openSync(path, "a+", 0o600);
    try {
      const last = lastLine(this.#file);
      const goesOn = last !== undefined && seq > 0 && (last.seq === seq || last.seq === seq + 1);
      this.chain = goesOn ? last.chain : newId();
      this.#seq = goesOn ? seq : 1;
      const salt = passphrase === undefined ? undefined : randomBytes(16);
      this.#key = salt && keyOf(passphrase!, salt);
      if (goesOn && last.seq === seq + 1) this.#write({ kind: "void", chain: this.chain, seq: last.seq }, undefined);
      const about = { kind: "head", chain: this.chain, seq: this.#seq, at: options.now(), versions } as const;
      this.#write({ ...about, ...(salt && { salt: salt.toString("base64") }) }, undefined);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** The number of the last transaction. */
  get seq(): number {
    return this.#seq;
  }

  /** Puts a transaction on disk; returns its number. Throws what the disk says. */
  append(statements: readonly Statement[]): number {
    const seq = this.#seq + 1;
    this.#write({ kind: "entry", chain: this.chain, seq, at: this.#options.now(), statements }, this.#key);
    this.#seq = seq;
    return seq;
  }

  /** The last transaction was not committed. Throws what the disk says. */
  takeBack(): void {
    this.#write({ kind: "void", chain: this.chain, seq: this.#seq }, undefined);
    this.#seq--;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #cutTo(size: number): void {
    try {
      ftruncateSync(this.#file, size);
    } catch (error) {
      ignore(error, "the next start removes what is cut off");
    }
  }

  #write(line: JournalLine, key: Buffer | undefined): void {
    const before = fstatSync(this.#file).size;
    const bytes = Buffer.from(toLine(line, key));
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
      fsyncSync(this.#file);
    } catch (error) {
      this.#cutTo(before);
      throw error;
    }
  }
}

function toLine(line: JournalLine, key: Buffer | undefined): string {
  const json = JSON.stringify(line, (_, value: unknown) => toJson(value));
  const text = key === undefined ? json : `${JSON.stringify({ ...marksOf(line), sealed: seal(json, key) })}`;
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

/** What is readable of an encrypted line: by it a journal goes on without its passphrase. */
function marksOf({ kind, chain, seq }: JournalLine) {
  return { kind, chain, seq };
}

/** A line whose checksum is right; undefined for any other. */
function parse(text: string): (JournalLine & { readonly sealed?: string }) | undefined {
  const json = text.slice(9);
  if (text.slice(0, 9) !== `${crc32(json).toString(16).padStart(8, "0")} `) return undefined;
  const line: unknown = JSON.parse(json, (_, value: unknown) => fromJson(value));
  return isLine(line) ? line : undefined;
}

const isMarked = isShaped<Pick<JournalLine, "kind" | "chain" | "seq">>({
  ...{ kind: isOneOf("head", "entry", "void"), chain: isText, seq: isCount },
});

/** A line that says what it is; the rest of an encrypted one stands in `sealed`. */
function isLine(value: unknown): value is JournalLine & { readonly sealed?: string } {
  if (!isRecord(value) || !isMarked(value)) return false;
  const { kind, sealed, versions, statements }: Record<string, unknown> = { ...value };
  if (sealed !== undefined) return isText(sealed);
  return kind === "head" ? isRecord(versions) : kind === "void" || Array.isArray(statements);
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

function keyOf(passphrase: string, salt: Buffer): Buffer {
  return scryptSync(normalised(passphrase, "NFC"), salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
}

function seal(text: string, key: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

function unseal(sealed: string, key: Buffer): string {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new TellableError("the journal cannot be opened: its passphrase is another one", { cause });
  }
}

const PIECE_BYTES = 1024 * 1024;

/** The last whole line; what is cut off behind it is removed. */
function lastLine(file: number): JournalLine | undefined {
  const { size } = fstatSync(file);
  let end = size;
  for (let length = PIECE_BYTES; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = Buffer.alloc(size - from);
    readSync(file, bytes, 0, bytes.length, from);
    end = size;
    while (end > from) {
      const stop = bytes.lastIndexOf(10, end - from - 1);
      const start = stop <= 0 ? -1 : bytes.lastIndexOf(10, stop - 1);
      if (stop < 0 || (start < 0 && from > 0)) break;
      const line = parse(bytes.toString("utf8", start + 1, stop));
      if (line) {
        if (from + stop + 1 < size) ftruncateSync(file, from + stop + 1);
        return line.kind === "void" ? { ...line, seq: line.seq - 1 } : line;
      }
      end = from + start + 1;
      if (start < 0) break;
    }
    if (from > 0) continue;
    if (size > 0) ftruncateSync(file, 0);
    return undefined;
  }
}

/** The lines of a journal, in order. Stops at a line that is cut off at the end; throws when one before it is damaged. */
export function* readJournal(path: string, passphrase?: string): Generator<JournalLine> {
  let key: Buffer | undefined;
  for (const text of linesOf(path)) {
    const line = parse(text);
    if (!line) throw new TellableError(`the journal ${path} is damaged; it can be used up to there with --at`);
    if (line.kind === "head") {
      const { salt } = line;
      if (salt !== undefined && passphrase === undefined)
        throw new TellableError("the journal is encrypted; give its passphrase in MOLTBOT_BACKUP_PASSPHRASE");
      key = salt === undefined ? undefined : keyOf(passphrase!, Buffer.from(salt, "base64"));
    }
    if (line.sealed === undefined) yield line;
    else if (key === undefined)
      throw new TellableError(`the journal ${path} is damaged: an encrypted line has no head`);
    else yield JSON.parse(unseal(line.sealed, key), (_, value: unknown) => fromJson(value)) as JournalLine;
  }
}

function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    let rest = Buffer.alloc(0);
    for (;;) {
      const count = readSync(file, piece, 0, piece.length, null);
      if (count === 0) return;
      const bytes = Buffer.concat([rest, piece.subarray(0, count)]);
      let at = 0;
      for (let stop = bytes.indexOf(10); stop >= 0; stop = bytes.indexOf(10, at)) {
        yield bytes.toString("utf8", at, stop);
        at = stop + 1;
      }
      rest = bytes.subarray(at);
    }
  } finally {
    closeSync(file);
  }
}
