/** A TCP connection that speaks WebSocket by hand, for bytes that no library would send. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { within } from "./time-limit.ts";

export interface FrameBits {
  readonly fin?: boolean;
  /** RSV1 to RSV3 as bits 4, 2, 1. */
  readonly reserved?: number;
  readonly opcode?: number;
  readonly masked?: boolean;
  /** The length to announce, when it is not that of the payload. */
  readonly announced?: number;
}

/** The bytes of one frame (RFC 6455 section 5.2): by default a whole, masked text frame. */
export function frameBytes(payload: string | Buffer, bits: FrameBits = {}): Buffer {
  const { fin = true, reserved = 0, opcode = 1, masked = true } = bits;
  const body = Buffer.from(payload);
  const length = bits.announced ?? body.length;
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const head =
    length < 126
      ? Buffer.from([first, mask | length])
      : length < 65_536
        ? Buffer.from([first, mask | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(length)]);
  if (!masked) return Buffer.concat([head, body]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, body.map((byte, index) => byte ^ key[index % 4]!)]);
}

function bigEndian(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

/** A close frame from the gateway: its code and reason, or that the socket ended without one. */
export interface RawEnd {
  readonly code: number | undefined;
  readonly reason: string;
}

export class RawSocket implements Disposable {
  readonly socket: Socket;
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<unknown>;
  #bytes = Buffer.alloc(0);
  #arrived = Promise.withResolvers<void>();

  private constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    this.ended = once(this.socket, "close").then(() => this.#wake());
  }

  /** Opens a TCP connection and sends nothing. */
  static async open(port: number): Promise<RawSocket> {
    const raw = new RawSocket(port);
    await within(once(raw.socket, "connect"), "the connection");
    return raw;
  }

  /** Opens a WebSocket and reads up to the challenge; its nonce is returned too. */
  static async upgrade(port: number, headers: Readonly<Record<string, string>> = {}) {
    const raw = await RawSocket.open(port);
    const all = {
      Host: `127.0.0.1:${port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    raw.socket.write(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
    const head = await raw.#take((bytes) => bytes.indexOf("\r\n\r\n") + 4, "the upgrade");
    if (!head.toString().startsWith("HTTP/1.1 101 ")) throw new Error(`not upgraded: ${head}`);
    const { nonce } = (JSON.parse(await raw.message()) as { payload: { nonce: string } }).payload;
    return { raw, nonce };
  }

  write(...parts: readonly (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }

  /** The next message; fails when the connection ends first. */
  async message(): Promise<string> {
    const { opcode, payload } = await this.#frame();
    if (opcode === 1) return payload.toString();
    throw new Error(`a frame of opcode ${opcode} instead of text`);
  }

  /** Everything that arrives until the connection ends. */
  async text(): Promise<string> {
    await within(this.ended, "the end of the connection");
    return this.#bytes.toString();
  }

  /** Skips to the close frame, or to the end of the connection without one. */
  async end(): Promise<RawEnd> {
    for (;;) {
      const frame = await this.#frame().catch((error: unknown) =>
        ignore(error, "the connection ended without a close frame"),
      );
      if (!frame) return { code: undefined, reason: "" };
      if (frame.opcode !== 8) continue;
      const code = frame.payload.length >= 2 ? frame.payload.readUInt16BE() : undefined;
      return { code, reason: frame.payload.toString("utf8", 2) };
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #frame(): Promise<{ opcode: number; payload: Buffer }> {
    const bytes = await this.#take(frameLength, "a frame");
    return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(headLength(bytes)) };
  }

  /** Takes as many bytes as `lengthOf` asks for, once they are there; fewer than one means: wait for more. */
  async #take(lengthOf: (bytes: Buffer) => number, what: string): Promise<Buffer> {
    for (;;) {
      const length = lengthOf(this.#bytes);
      if (length > 0 && length <= this.#bytes.length) {
        const taken = this.#bytes.subarray(0, length);
        this.#bytes = this.#bytes.subarray(length);
        return taken;
      }
      if (this.socket.destroyed) throw new Error(`the connection ended before ${what}`);
      await within(this.#arrived.promise, what);
    }
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}

function headLength(bytes: Buffer): number {
  const short = bytes[1]! & 0x7f;
  return short === 127 ? 10 : short === 126 ? 4 : 2;
}

function frameLength(bytes: Buffer): number {
  if (bytes.length < 2 || bytes.length < headLength(bytes)) return 0;
  const short = bytes[1]! & 0x7f;
  const payload = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  return headLength(bytes) + payload;
}
