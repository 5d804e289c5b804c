import type { Writable } from "node:stream";

/** Room for the longest head. */
const HEAD_BYTES = 10;
/** Room for the largest number, and for the brace behind it. */
const END_BYTES = 17;

/**
 * One text frame for many receivers, the same for all but for the number at its end. It is built here, as RFC 6455 section
 * 5.2 has it from a server: the library would build, and copy, the whole frame for each receiver.
 */
export class SharedFrame {
  readonly #text: Buffer;
  /** The whole frame for one receiver, made over for the next one. */
  #bytes: Buffer | undefined;

  /** `text` is the frame's text up to the number. */
  constructor(text: string) {
    this.#text = Buffer.from(text);
  }

  /** How long it is for any receiver, at most. */
  get length(): number {
    return HEAD_BYTES + this.#text.length + END_BYTES;
  }

  /**
   * Writes it as one chunk, the cheapest way: one system call without a list of pieces. A stream from which the system has
   * taken all bytes leaves them to the next receiver; another one keeps them.
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
   * Writes it in pieces, of which the large one is the same memory for all receivers: for what waits, or goes with more.
   * `left` is called when the system has taken all of it.
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
