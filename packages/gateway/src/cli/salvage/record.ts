/** A row's values as SQLite writes them. Source: sqlite.org/fileformat2.html#record_format. */

/** What a column can hold. */
export type Value = null | bigint | number | string | Uint8Array;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a row's values. Throws `RangeError` when the bytes are no row. */
export function readRecord(bytes: Buffer): readonly Value[] {
  const head = readVarint(bytes, 0);
  const headEnd = Number(head.value);
  if (headEnd > bytes.length) throw new RangeError("the row's head is longer than the row");
  const values: Value[] = [];
  let at = headEnd;
  for (let type = head.end; type < headEnd; ) {
    const code = readVarint(bytes, type);
    type = code.end;
    const length = lengthOf(Number(code.value));
    if (at + length > bytes.length) throw new RangeError("a value goes beyond its row");
    values.push(decoded(Number(code.value), bytes.subarray(at, at + length)));
    at += length;
  }
  // Every byte of a row belongs to a value: what is left over says that the head is damaged.
  if (at !== bytes.length) throw new RangeError("the row is longer than its values");
  return values;
}

const FIXED_LENGTHS = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function lengthOf(code: number): number {
  if (code >= 12) return Math.floor((code - 12) / 2);
  const length = FIXED_LENGTHS[code];
  if (length === undefined) throw new RangeError("no value is of this type");
  return length;
}

function decoded(code: number, bytes: Buffer): Value {
  if (code === 0) return null;
  if (code === 7) return bytes.readDoubleBE(0);
  if (code === 8) return 0n;
  if (code === 9) return 1n;
  if (code < 7) return signed(bytes);
  return code % 2 === 0 ? new Uint8Array(bytes) : textOf(bytes);
}

function signed(bytes: Buffer): bigint {
  if (bytes.length === 8) return bytes.readBigInt64BE(0);
  return BigInt(bytes.readIntBE(0, bytes.length));
}

/** No text of people or programs holds so many; a page that was overwritten does. */
const ZEROS = Buffer.alloc(16);

function textOf(bytes: Buffer): string {
  if (bytes.includes(ZEROS)) throw new RangeError("a text is overwritten with zeros");
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new RangeError("a text is not UTF-8", { cause: error });
  }
}

/** A number of one to nine bytes (sqlite.org/fileformat2.html#varint). Throws `RangeError` at the end of `bytes`. */
export function readVarint(bytes: Buffer, at: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let n = 0; n < 8; n++) {
    const byte = bytes.readUInt8(at + n);
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, end: at + n + 1 };
  }
  return { value: (value << 8n) | BigInt(bytes.readUInt8(at + 8)), end: at + 9 };
}
