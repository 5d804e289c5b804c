/**
 * The trees in which SQLite keeps tables, read page by page so that a bad page costs its own rows only. Source of the
 * format: sqlite.org/fileformat2.html#b_tree_pages.
 */

import type { Pages } from "./pages.ts";
import { readRecord, readVarint, type Value } from "./record.ts";

/** Tables have their rows in a tree by rowid; tables without rowid are kept like an index. */
export type TreeKind = "table" | "index";

/** A row as it stands in a tree; an index has no rowid. */
export interface Cell {
  readonly rowid: bigint | undefined;
  readonly values: readonly Value[];
}

/** What was read of one page. */
export interface PageCells {
  readonly kind: TreeKind;
  readonly isLeaf: boolean;
  readonly cells: readonly Cell[];
  /** Pages below, in order. */
  readonly children: readonly number[];
  /** Rows of this page that cannot be read, most of them since they go on on a bad page. */
  readonly unreadable: number;
  /** Pages on which long rows go on. */
  readonly overflow: readonly number[];
}

const TYPES: Readonly<{ [type: number]: { kind: TreeKind; isLeaf: boolean } }> = {
  2: { kind: "index", isLeaf: false },
  5: { kind: "table", isLeaf: false },
  10: { kind: "index", isLeaf: true },
  13: { kind: "table", isLeaf: true },
};

/** Reads a page of a tree; undefined when it is none, or is damaged. */
export function readTreePage(pages: Pages, page: number): PageCells | undefined {
  const bytes = pages.read(page);
  // The first page begins with the file's header.
  const start = page === 1 ? 100 : 0;
  const type = bytes && TYPES[bytes[start] ?? 0];
  if (!bytes || !type) return undefined;
  const headBytes = type.isLeaf ? 8 : 12;
  const count = bytes.readUInt16BE(start + 3);
  const pointersEnd = start + headBytes + 2 * count;
  if (pointersEnd > bytes.length) return undefined;
  const content = bytes.readUInt16BE(start + 5) || 65_536;
  if (content < pointersEnd || content > bytes.length) return undefined;
  const read: Reading = { cells: [], children: [], unreadable: 0, overflow: [] };
  for (let n = 0; n < count; n++) {
    const at = bytes.readUInt16BE(start + headBytes + 2 * n);
    if (at < pointersEnd || at + 4 > bytes.length) return undefined;
    try {
      readCell(pages, bytes, { at, ...type, read });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      read.unreadable++;
    }
  }
  if (!type.isLeaf) read.children.push(bytes.readUInt32BE(start + 8));
  return { ...type, ...read };
}

interface Reading {
  cells: Cell[];
  children: number[];
  unreadable: number;
  overflow: number[];
}

interface CellPlace {
  readonly at: number;
  readonly kind: TreeKind;
  readonly isLeaf: boolean;
  readonly read: Reading;
}

/** Takes in one cell. Throws `RangeError` when it does not fit into what there is. */
function readCell(pages: Pages, bytes: Buffer, { at, kind, isLeaf, read }: CellPlace): void {
  let offset = at;
  if (!isLeaf) {
    read.children.push(bytes.readUInt32BE(offset));
    offset += 4;
    // The inner pages of a table hold only numbers of rows.
    if (kind === "table") return;
  }
  const payload = readVarint(bytes, offset);
  offset = payload.end;
  let rowid: bigint | undefined;
  if (kind === "table") {
    const number = readVarint(bytes, offset);
    rowid = BigInt.asIntN(64, number.value);
    offset = number.end;
  }
  const whole = readPayload(pages, bytes, { offset, length: Number(payload.value), kind, overflow: read.overflow });
  read.cells.push({ rowid, values: readRecord(whole) });
}

/** The longest row: SQLite's own limit is 1 GB; a length beyond is damage. */
const MAX_ROW_BYTES = 1_000_000_000;

interface Payload {
  readonly offset: number;
  readonly length: number;
  readonly kind: TreeKind;
  readonly overflow: number[];
}

/** The bytes of a row, together with those on further pages. Throws `RangeError` when one of them is missing. */
function readPayload(pages: Pages, bytes: Buffer, { offset, length, kind, overflow }: Payload): Buffer {
  if (length > MAX_ROW_BYTES) throw new RangeError("the row is longer than any row can be");
  const usable = bytes.length;
  const most = kind === "table" ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (length <= most) return slice(bytes, offset, length);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  const parts = [slice(bytes, offset, local)];
  let next = slice(bytes, offset + local, 4).readUInt32BE(0);
  for (let left = length - local; left > 0; ) {
    const page = next === 0 ? undefined : pages.read(next);
    if (!page) throw new RangeError("a page of the row is missing");
    overflow.push(next);
    const part = page.subarray(4, 4 + Math.min(left, usable - 4));
    parts.push(part);
    left -= part.length;
    next = page.readUInt32BE(0);
  }
  // A page that the row does not need is another row's: then this one was damaged.
  if (next !== 0) throw new RangeError("the row goes on after its end");
  return Buffer.concat(parts);
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError("the row goes beyond its page");
  return bytes.subarray(at, at + length);
}
