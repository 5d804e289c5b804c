/**
 * The pages of a damaged database: those of the file, under those of its journal. Nothing is written, and SQLite takes no
 * part. Source of the format: sqlite.org/fileformat2.html.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readWal, type Wal } from "../../base/store/store-wal.ts";

/** What every database of the gateway has: SQLite's default. A header that says otherwise and is sound wins. */
const USUAL_PAGE_BYTES = 4_096;
const HEADER_TEXT = "SQLite format 3\0";

/** Pages by their number, from 1. */
export class Pages implements Disposable {
  readonly #file: number;
  readonly #wal: Wal | undefined;
  readonly #inFile: number;
  readonly pageBytes: number;
  readonly count: number;
  /** Whether the first page begins as a database does. */
  readonly hasHeader: boolean;

  /** Throws when the file cannot be opened. */
  constructor(path: string) {
    this.#file = openSync(path, "r");
    this.#wal = readWal(path);
    const header = this.#fromFile(0, 100);
    this.hasHeader = header.toString("latin1", 0, 16) === HEADER_TEXT;
    this.pageBytes = this.#wal?.pageBytes || (this.hasHeader ? pageBytesIn(header) : USUAL_PAGE_BYTES);
    this.#inFile = Math.floor(fstatSync(this.#file).size / this.pageBytes);
    this.count = Math.max(this.#inFile, ...(this.#wal?.pages.keys() ?? []));
  }

  /** The bytes of a page; undefined beyond the end. A last page that was cut is none: a row of it may be cut too. */
  read(page: number): Buffer | undefined {
    const { pageBytes } = this;
    const inJournal = this.#wal?.pages.get(page);
    if (inJournal !== undefined) return this.#wal!.bytes.subarray(inJournal, inJournal + pageBytes);
    if (page < 1 || page > this.#inFile) return undefined;
    return this.#fromFile((page - 1) * pageBytes, pageBytes);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #fromFile(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, at);
    return bytes;
  }
}

/** The page size of a header: a power of two from 512; 1 means 65536. */
function pageBytesIn(header: Buffer): number {
  const value = header.readUInt16BE(16);
  const size = value === 1 ? 65_536 : value;
  return size >= 512 && (size & (size - 1)) === 0 ? size : USUAL_PAGE_BYTES;
}
