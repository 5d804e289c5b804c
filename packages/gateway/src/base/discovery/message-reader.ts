/** Reads DNS messages that anybody in the network may have written. */
import { isUtf8 } from "node:buffer";
import { type Data, INTERNET, type Message, type Name, type Question, type Record, TOP_BIT, TYPE } from "./message.ts";

/** The largest message of multicast DNS, bytes (RFC 6762, 17). */
const MAX_BYTES = 9_000;
const MAX_RECORDS = 256;
const MAX_NAME_BYTES = 255;
/** How often a name may go on elsewhere: chains of pointers are made to keep a reader busy. */
const MAX_POINTERS = 32;
/** Reads a message; undefined for one that is damaged, too long, or no plain query or response. */
export function readMessage(bytes: Buffer): Message | undefined {
  if (bytes.length < 12 || bytes.length > MAX_BYTES) return undefined;
  const flags = bytes.readUInt16BE(2);
  // Other operations and failures are ignored (RFC 6762, 18).
  if ((flags & 0x780f) !== 0) return undefined;
  const [asked = 0, ...counts] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (asked + counts.reduce((sum, each) => sum + each, 0) > MAX_RECORDS) return undefined;
  try {
    const reader = new Reader(bytes);
    const questions = Array.from({ length: asked }, () => reader.question()).filter((each) => each !== undefined);
    const [answers = [], authorities = [], additionals = []] = counts.map((count) =>
      Array.from({ length: count }, () => reader.record()).filter((each) => each !== undefined),
    );
    const isResponse = (flags & TOP_BIT) !== 0;
    return { id: bytes.readUInt16BE(0), isResponse, questions, answers, authorities, additionals };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Walks over a message. Throws `RangeError` where it ends too soon or a name goes astray. */
class Reader {
  readonly #bytes: Buffer;
  #at = 12;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  question(): Question | undefined {
    const name = this.#name();
    const type = this.#uint16();
    const kind = this.#uint16();
    const isAny = (kind & ~TOP_BIT) === TYPE.ANY;
    return (kind & ~TOP_BIT) === INTERNET || isAny ? { name, type, isUnicast: (kind & TOP_BIT) !== 0 } : undefined;
  }

  record(): Record | undefined {
    const name = this.#name();
    const type = this.#uint16();
    const kind = this.#uint16();
    const ttl = this.#uint16() * 0x1_0000 + this.#uint16();
    const size = this.#uint16();
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new RangeError("the record ends after the message");
    const data = this.#data(type, end);
    this.#at = end;
    return (kind & ~TOP_BIT) === INTERNET ? { name, ttl, isUnique: (kind & TOP_BIT) !== 0, data } : undefined;
  }

  #data(type: number, end: number): Data {
    const size = end - this.#at;
    if (type === TYPE.PTR) return { kind: "PTR", target: this.#name(end) };
    if (type === TYPE.SRV) {
      if (size < 7) throw new RangeError("the record is too short");
      this.#at += 4;
      return { kind: "SRV", port: this.#uint16(), target: this.#name(end) };
    }
    if (type === TYPE.TXT) return { kind: "TXT", entries: this.#entries(end) };
    if (type === TYPE.A && size === 4) return { kind: "A", address: this.#bytes.subarray(this.#at, end).join(".") };
    if (type === TYPE.AAAA && size === 16) return { kind: "AAAA", address: this.#address6() };
    return { kind: "other", type };
  }

  #entries(end: number): string[] {
    const entries: string[] = [];
    for (let at = this.#at; at < end; ) {
      const size = this.#bytes.readUInt8(at);
      if (at + 1 + size > end) throw new RangeError("the text ends after the record");
      if (size > 0) entries.push(this.#text(at + 1, size));
      at += 1 + size;
    }
    return entries;
  }

  #address6(): string {
    const groups = Array.from({ length: 8 }, (_, at) => this.#bytes.readUInt16BE(this.#at + at * 2).toString(16));
    // The form with the longest run of zeros left out is the one that people and URLs know.
    return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
  }

  /** A pointer may only lead back, so that no name goes round in circles. */
  #name(end = this.#bytes.length): Name {
    const labels: string[] = [];
    let at = this.#at;
    let after: number | undefined;
    let total = 0;
    let pointers = 0;
    for (let limit = end; ; ) {
      if (at >= limit) throw new RangeError("the name ends after its place");
      const size = this.#bytes.readUInt8(at);
      if (size === 0) break;
      if (size >= 0xc0) {
        const to = this.#bytes.readUInt16BE(at) & 0x3fff;
        if (to >= at || to < 12) throw new RangeError("the name leads forward");
        if (++pointers > MAX_POINTERS) throw new RangeError("the name leads from place to place");
        after ??= at + 2;
        limit = at;
        at = to;
        continue;
      }
      total += size + 1;
      if (size > 63 || total > MAX_NAME_BYTES || at + 1 + size > limit) throw new RangeError("the name is too long");
      labels.push(this.#text(at + 1, size));
      at += size + 1;
    }
    this.#at = after ?? at + 1;
    return labels;
  }

  /** Never longer when it is written again: bytes that are no UTF-8 become question marks, one each. */
  #text(at: number, size: number): string {
    const bytes = this.#bytes.subarray(at, at + size);
    return isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1").replace(/[^\0-\x7f]/g, "?");
  }

  #uint16(): number {
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }
}
