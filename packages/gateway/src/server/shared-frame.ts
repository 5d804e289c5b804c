import type { Writable } from "node:stream";

/** Bytes of the longest frame header. */
const HEAD_BYTES = 10;
/** Bytes of the largest sequence number and the closing brace. */
const END_BYTES = 17;

/**
 * One text frame for many receivers; only the sequence number at its end differs. The frame is built here, as RFC 6455
 * section 5.2 has it from a server, because the library would build and copy the whole frame for each receiver.
 */
export class SharedFrame {
  readonly #text: Buffer;
  /** The whole frame; the number is overwritten for each receiver. */
  #bytes: Buffer | undefined;

  /** `text` is the frame's text up to the number. */
  constructor(text: string) {
    this.#text = Buffer.from(text);
  }

  /** The greatest length of the frame for any receiver, bytes. */
  get length(): number {
    return HEAD_BYTES + this.#text.length + END_BYTES;
  }

  /**
   * Writes the frame as one chunk: one system call, without a list of pieces. When the stream has written all bytes,
   * the buffer serves the next receiver; otherwise this stream keeps it.
   */
  write(stream: Writable, seq: number): void {
    this.#bytes ??= this.#withRoom();
    const end = HEAD_BYTES + this.#text.length + this.#bytes.write(`${seq}}`, HEAD_BYTES + this.#text.length, "latin1");
    const length = end - HEAD_BYTES;
    const start = HEAD_BYTES - headBytes(length);
    writeHead(this.#bytes, start, length);
    stream.write(this.#bytes.subarray(start, end));
    if (stream.writableLength > 0) this.#bytes = undefined;
  }

  /**
   * Writes the frame in pieces; the large piece is shared by all receivers. Use it for frames that wait or are written
   * together with others. `left` is called when the system has taken all bytes.
   */
  writePieces(stream: Writable, seq: number, left?: () => void): void {
    const end = `${seq}}`;
    stream.write(frameHead(this.#text.length + end.length));
    stream.write(this.#text);
    stream.write(end, "latin1", left);
  }

  #withRoom(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length);
    this.#text.copy(bytes, HEAD_BYTES);
    return bytes;
  }
}

/**
 * A whole, unmasked text frame in one piece. The library would write its head and its text apart, which is twice the garbage
 * and a list for the system.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = headBytes(length);
  const bytes = Buffer.allocUnsafe(start + length);
  writeHead(bytes, 0, length);
  bytes.write(text, start);
  return bytes;
}

/** The head of a whole, unmasked text frame (RFC 6455 section 5.2). */
export function frameHead(length: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes(length));
  writeHead(head, 0, length);
  return head;
}

function headBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

function writeHead(bytes: Buffer, at: number, length: number): void {
  bytes[at] = 0x81;
  bytes[at + 1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (bytes[at + 1] === 126) bytes.writeUInt16BE(length, at + 2);
  if (bytes[at + 1] === 127) bytes.writeBigUInt64BE(BigInt(length), at + 2);
}
