/**
 * Reads the database's write-ahead log without SQLite. SQLite silently drops everything after the first damaged frame;
 * this file finds what it would drop. Source of the format: sqlite.org/fileformat2.html#walformat.
 */
import { readFileSync } from "node:fs";
import { codeOf } from "../errors.ts";

/** What a write-ahead log holds. */
export interface Wal {
  readonly pageBytes: number;
  /** The offset in `bytes` of the newest committed content of each page, by page number. */
  readonly pages: ReadonlyMap<number, number>;
  /** Pages of the whole database after its last commit; 0 when the log holds none. */
  readonly databasePages: number;
  /** Whether committed content follows damage and cannot be used. */
  readonly isDamaged: boolean;
  readonly bytes: Buffer;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/**
 * Reads the log beside the database at `path`; undefined when there is none or it is empty. A kill or a power cut in
 * the middle of a commit is no damage. It is damage only when valid frames of the newest generation follow a bad
 * one.
 */
export function readWal(path: string): Wal | undefined {
  const bytes = readIfAny(`${path}-wal`);
  if (bytes === undefined || bytes.length <= HEADER_BYTES) return undefined;
  const isBigEndian = bytes.readUInt32BE(0) === MAGIC + 1;
  const isKnown = isBigEndian || bytes.readUInt32BE(0) === MAGIC;
  const header = checksum(bytes, { from: 0, to: 24, isBigEndian, sums: [0, 0] });
  const isSound = isKnown && header[0] === bytes.readUInt32BE(24) && header[1] === bytes.readUInt32BE(28);
  if (!isSound) return { pageBytes: 0, pages: new Map(), databasePages: 0, isDamaged: true, bytes };
  return readFrames(bytes, { isBigEndian, sums: header });
}

interface Generation {
  readonly isBigEndian: boolean;
  readonly sums: Sums;
}

function readFrames(bytes: Buffer, { isBigEndian, sums: start }: Generation): Wal {
  const pageBytes = bytes.readUInt32BE(8);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const pages = new Map<number, number>();
  const uncommitted = new Map<number, number>();
  let databasePages = 0;
  let sums = start;
  let at = HEADER_BYTES;
  for (; at + frameBytes <= bytes.length && isOfGeneration(bytes, at); at += frameBytes) {
    sums = checksum(bytes, { from: at, to: at + 8, isBigEndian, sums });
    sums = checksum(bytes, { from: at + FRAME_HEADER_BYTES, to: at + frameBytes, isBigEndian, sums });
    if (sums[0] !== bytes.readUInt32BE(at + 16) || sums[1] !== bytes.readUInt32BE(at + 20)) break;
    uncommitted.set(bytes.readUInt32BE(at), at + FRAME_HEADER_BYTES);
    const pagesAfterCommit = bytes.readUInt32BE(at + 4);
    if (pagesAfterCommit === 0) continue;
    for (const [page, offset] of uncommitted) pages.set(page, offset);
    uncommitted.clear();
    databasePages = pagesAfterCommit;
  }
  return { pageBytes, pages, databasePages, isDamaged: hasMoreAfter(bytes, at, frameBytes), bytes };
}

/** Whether a frame of the newest generation follows the bad one at `at`, which itself may be a torn write. */
function hasMoreAfter(bytes: Buffer, at: number, frameBytes: number): boolean {
  for (let next = at + frameBytes; next + frameBytes <= bytes.length; next += frameBytes)
    if (isOfGeneration(bytes, next)) return true;
  return false;
}

/** Whether a frame is of the newest generation. A log is overwritten from its start; older frames have other salts. */
function isOfGeneration(bytes: Buffer, at: number): boolean {
  return bytes.compare(bytes, 16, 24, at + 8, at + 16) === 0;
}

type Sums = readonly [number, number];

function checksum(
  bytes: Buffer,
  { from, to, isBigEndian, sums }: { from: number; to: number; isBigEndian: boolean; sums: Sums },
): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [first, second] = sums;
  for (let at = from; at < to; at += 8) {
    first = (first + view.getUint32(at, !isBigEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, !isBigEndian) + first) >>> 0;
  }
  return [first, second];
}

function readIfAny(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
