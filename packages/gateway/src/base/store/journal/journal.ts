/**
 * The statement journal: each transaction that commits, as the list of its statements, in order. Replayed on the database
 * from which it began, it gives the same rows. A line is on disk before its transaction commits, so one transaction more
 * than the database has may be there: it is void.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { ignore, TellableError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { fullFiles, putAside } from "./files.ts";
import { BEGINNING_BYTES, type JournalLine, keyOf, mayBeJournal, type Statement, toLines } from "./line.ts";
import { endOf, endOfFile, type JournalEnd } from "./reading.ts";

/** How a journal is opened. */
export interface JournalOptions {
  readonly passphrase?: string | undefined;
  readonly versions: Readonly<Record<string, number>>;
  now(): number;
  /** What the database itself says of its last transaction; 0 when nobody has counted. */
  readonly seq: number;
  /** The mark of the chain that the database belongs to. */
  readonly mark: number;
  /** The size from which on a file is full, bytes. */
  readonly fileBytes: number;
}

/** What a database keeps of the chain that it belongs to: a whole number of 31 bits. */
export function markOf(chain: string): number {
  return crc32(chain) & 0x7fffffff;
}

/** Appends transactions to a file; each is on disk when `append` returns. A file that is full is put aside. */
export class Journal implements Disposable {
  readonly #path: string;
  readonly #options: JournalOptions;
  readonly #salt: Buffer | undefined;
  readonly #key: Buffer | undefined;
  readonly chain: string;
  #file: number;
  #seq: number;

  /**
   * Goes on where the newest file ends when that is where the database is; what was cut off behind it is removed.
   * Else a new chain begins in a new file. Throws what the disk says, and `TellableError` for a file that is no journal.
   */
  constructor(path: string, options: JournalOptions) {
    this.#path = path;
    this.#options = options;
    const { seq, mark, passphrase } = options;
    this.#file = openFile(path);
    try {
      const last = endOf(this.#file);
      const end = last ?? endOfFull(path);
      const isNext = end !== undefined && seq > 0 && markOf(end.chain) === mark;
      const goesOn = isNext && (end.seq === seq || end.seq === seq + 1);
      this.chain = goesOn ? end.chain : newId();
      this.#seq = goesOn ? seq : 1;
      this.#salt = passphrase === undefined ? undefined : randomBytes(16);
      this.#key = this.#salt && keyOf(passphrase!, this.#salt);
      if (goesOn) ftruncateSync(this.#file, last?.bytes ?? 0);
      else if (fstatSync(this.#file).size > 0) this.#beginFile();
      if (goesOn && end.seq === seq + 1) this.#write({ kind: "void", chain: this.chain, seq: end.seq }, undefined);
      this.#writeHead();
      syncFolder(path);
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
    if (fstatSync(this.#file).size >= this.#options.fileBytes) {
      this.#beginFile();
      this.#writeHead();
      syncFolder(this.#path);
    }
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

  /** A kill in between leaves no newest file: the next start goes on from the full one. */
  #beginFile(): void {
    putAside(this.#path);
    const file = openFile(this.#path);
    closeSync(this.#file);
    this.#file = file;
  }

  #writeHead(): void {
    const { versions, now } = this.#options;
    const salt = this.#salt && { salt: this.#salt.toString("base64") };
    this.#write({ kind: "head", chain: this.chain, seq: this.#seq, at: now(), versions, ...salt }, undefined);
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
    const bytes = toLines(line, key);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
      fsyncSync(this.#file);
    } catch (error) {
      this.#cutTo(before);
      throw error;
    }
  }
}

/** Opens a journal to append to it. Throws `TellableError` when the file is another one: nothing of it is changed. */
function openFile(path: string): number {
  const file = openSync(path, "a+", 0o600);
  const beginning = Buffer.alloc(fstatSync(file).isFile() ? BEGINNING_BYTES : 0);
  if (mayBeJournal(beginning.subarray(0, readSync(file, beginning, 0, beginning.length, 0)))) return file;
  closeSync(file);
  throw new TellableError(`${path} is another file and no journal; set backup.stream to a folder or to a new file`);
}

/** The end of the newest full file: a kill may have come before the next one was begun. */
function endOfFull(path: string): JournalEnd | undefined {
  const full = fullFiles(path).at(-1);
  return full && endOfFile(full.path);
}

/** The name of a new file is on disk, too. */
function syncFolder(path: string): void {
  if (!existsSync(path)) return;
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    ignore(error, "some file systems cannot; the file is there");
  } finally {
    closeSync(folder);
  }
}
