/** Tar, as far as a backup needs it: plain files with names of any length. Source: POSIX.1-2001, pax interchange format. */
import { TellableError } from "../errors.ts";

/** One file of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
}

const BLOCK = 512;
/** The longest name that the old header takes; longer ones, and those with other letters, get an extended header. */
const PLAIN_NAME = /^[\x20-\x7e]{1,100}$/;
/** The most bytes that an extended header may have. */
const MAX_EXTENDED = 64 * 1024;
/** Sizes of up to 11 octal digits fit the old header. */
const PLAIN_SIZE = 0o77777777777;

/** The header of a file, with the extended one before it where its name or size needs that. */
export function tarHeader({ name, size }: TarEntry): Buffer {
  if (PLAIN_NAME.test(name) && size <= PLAIN_SIZE) return header({ name, size, type: "0" });
  const records = Buffer.from(`${record("path", name)}${record("size", String(size))}`);
  const plain = name.replace(/[^\x20-\x7e]/g, "_").slice(-100);
  return Buffer.concat([
    header({ name: "pax", size: records.length, type: "x" }),
    records,
    tarPadding(records.length),
    header({ name: plain, size: Math.min(size, PLAIN_SIZE), type: "0" }),
  ]);
}

/** What fills the last block of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

function header({ name, size, type }: TarEntry & { readonly type: string }): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, "ascii");
  block.write("0000600\0", 100, "ascii");
  block.write("0000000\x000000000\0", 108, "ascii");
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "ascii");
  block.write("00000000000\0", 136, "ascii");
  block.write("        ", 148, "ascii");
  block.write(`${type}\0`, 156, "ascii");
  block.write("ustar\x0000", 257, "ascii");
  block.write(`${sumOf(block).toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

/** A line of an extended header. Its length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}

function sumOf(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}

/** Takes what an archive holds: called for each file, in order; `bytes` must be read to its end before the next one. */
export type TakeEntry = (entry: TarEntry, bytes: AsyncIterable<Buffer>) => Promise<void>;

/** Reads an archive. Throws `TellableError` when it is cut off or is none. */
export async function readTar(source: AsyncIterable<Buffer>, take: TakeEntry): Promise<void> {
  const reader = new Reader(source);
  let extended: Partial<TarEntry> = {};
  for (;;) {
    const block = await reader.take(BLOCK);
    if (block.every((byte) => byte === 0)) return await reader.drain();
    const { type, ...entry } = parse(block);
    if (type === "x") {
      if (entry.size > MAX_EXTENDED) throw broken();
      extended = recordsOf(await reader.take(entry.size));
      await reader.take(tarPadding(entry.size).length);
      continue;
    }
    if (type !== "0") throw broken();
    const file = { ...entry, ...extended };
    extended = {};
    await take(file, reader.bytes(file.size));
    await reader.take(tarPadding(file.size).length);
  }
}

function parse(block: Buffer): TarEntry & { readonly type: string } {
  const sum = Number.parseInt(block.toString("ascii", 148, 154), 8);
  const size = Number.parseInt(block.toString("ascii", 124, 135), 8);
  if (sum !== sumOf(block) || !isSize(size)) throw broken();
  const name = block.toString("ascii", 0, 100).replace(/\0.*$/s, "");
  return { name, size, type: block.toString("ascii", 156, 157) };
}

function recordsOf(bytes: Buffer): Partial<TarEntry> {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString("ascii", at, at + 10), 10);
    if (!(length > 0) || at + length > bytes.length) throw broken();
    const line = bytes.toString("utf8", at, at + length - 1);
    const [, key, value = ""] = /^\d+ ([^=]+)=(.*)$/s.exec(line) ?? [];
    if (key === "path") found.name = value;
    if (key === "size") found.size = Number(value);
    at += length;
  }
  if (found.size !== undefined && !isSize(found.size)) throw broken();
  return found;
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

/** The error of a backup that cannot be read. */
export function broken(cause?: unknown): TellableError {
  return new TellableError("the backup is damaged or cut off; take another one: `moltbot backup list`", { cause });
}

/** Cuts a stream into the pieces that are asked for. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Reads on to the end, where the checksum of what is compressed stands; nothing but zeros may come. */
  async drain(): Promise<void> {
    let rest: Buffer | undefined = this.#rest;
    for (; rest !== undefined; rest = (await this.#source.next()).value as Buffer | undefined)
      if (!rest.every((byte) => byte === 0)) throw broken();
  }

  /** The next `size` bytes as one piece. */
  async take(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.bytes(size)) pieces.push(piece);
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  async *bytes(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#source.next();
        if (done) throw broken();
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}
