/**
 * DNS messages as multicast DNS sends them (RFC 1035, 6762): reading what anybody in the network may have written, and writing
 * our own. Pure functions.
 */
import { isUtf8 } from "node:buffer";
import { isIPv4 } from "node:net";

/** A name as its labels, without the root; labels may hold dots and spaces. */
export type Name = readonly string[];

/** Types of records that discovery uses, and ANY, which only questions have. */
export const TYPE = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;

export interface Question {
  readonly name: Name;
  readonly type: number;
  /** Whether an answer to the asker alone is wanted. */
  readonly isUnicast: boolean;
}

/** What a record says. Types that discovery does not use are `other`. */
export type Data =
  | { readonly kind: "PTR"; readonly target: Name }
  | { readonly kind: "SRV"; readonly port: number; readonly target: Name }
  | { readonly kind: "TXT"; readonly entries: readonly string[] }
  | { readonly kind: "A" | "AAAA"; readonly address: string }
  | { readonly kind: "other"; readonly type: number };

export interface Record {
  readonly name: Name;
  /** Seconds. */
  readonly ttl: number;
  /** Whether it replaces all others of its name and type. */
  readonly isUnique: boolean;
  readonly data: Data;
}

export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  readonly additionals: readonly Record[];
}

/** The largest message of multicast DNS, bytes (RFC 6762, 17). */
const MAX_BYTES = 9_000;
const MAX_RECORDS = 256;
const MAX_NAME_BYTES = 255;
/** How often a name may go on elsewhere: chains of pointers are made to keep a reader busy. */
const MAX_POINTERS = 32;
const INTERNET = 1;
const TOP_BIT = 0x8000;

/** Whether two names are one: the case of ASCII letters does not count. */
export function isSameName(a: Name, b: Name): boolean {
  return a.length === b.length && a.every((label, at) => lower(label) === lower(b[at] ?? ""));
}

function lower(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The number of a record's type. */
export function typeOf(data: Data): number {
  return data.kind === "other" ? data.type : TYPE[data.kind];
}

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

/** Writes a message; what is left out of it is empty. */
export function writeMessage({
  id = 0,
  isResponse = false,
  questions = [],
  answers = [],
  authorities = [],
  additionals = [],
}: Partial<Message>): Buffer {
  const head = Buffer.alloc(12);
  // A response is authoritative (RFC 6762, 18.4).
  for (const [at, value] of [id, isResponse ? 0x8400 : 0].entries()) head.writeUInt16BE(value, at * 2);
  for (const [at, { length }] of [questions, answers, authorities, additionals].entries())
    head.writeUInt16BE(length, 4 + at * 2);
  const writer = new Writer(head);
  for (const { name, type, isUnicast } of questions) {
    writer.name(name);
    writer.uint16(type, INTERNET | (isUnicast ? TOP_BIT : 0));
  }
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record);
  return writer.bytes;
}

class Writer {
  #parts: Buffer[];
  #size: number;
  /** Where names already stand, so that they are written once. */
  readonly #known = new Map<string, number>();

  constructor(head: Buffer) {
    this.#parts = [head];
    this.#size = head.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** `isWhole` writes all of it: resolvers refuse places that are put together (RFC 2782, RFC 6762, 18.14). */
  name(labels: Name, { isWhole = false } = {}): void {
    for (const [at, label] of labels.entries()) {
      const rest = labels.slice(at).map(lower).join("\0");
      const known = isWhole ? undefined : this.#known.get(rest);
      if (known !== undefined) return this.uint16(0xc000 | known);
      if (this.#size < 0x4000) this.#known.set(rest, this.#size);
      this.#text(label, 63);
    }
    this.#add(Buffer.of(0));
  }

  record({ name, ttl, isUnique, data }: Record): void {
    this.name(name);
    this.uint16(typeOf(data), INTERNET | (isUnique ? TOP_BIT : 0), Math.floor(ttl / 0x1_0000), ttl % 0x1_0000);
    const length = Buffer.alloc(2);
    this.#add(length);
    const before = this.#size;
    this.#data(data);
    length.writeUInt16BE(this.#size - before);
  }

  #data(data: Data): void {
    if (data.kind === "PTR") return this.name(data.target);
    if (data.kind === "SRV") {
      this.uint16(0, 0, data.port);
      return this.name(data.target, { isWhole: true });
    }
    if (data.kind === "A" || data.kind === "AAAA") return this.#add(addressBytes(data.address));
    if (data.kind !== "TXT") return;
    for (const entry of data.entries) this.#text(entry, 255);
    if (data.entries.length === 0) this.#add(Buffer.of(0));
  }

  uint16(...values: readonly number[]): void {
    const bytes = Buffer.alloc(values.length * 2);
    for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
    this.#add(bytes);
  }

  #text(text: string, limit: number): void {
    const bytes = Buffer.from(text);
    if (bytes.length > limit) throw new RangeError(`a text of a DNS record has more than ${limit} bytes`);
    this.#add(Buffer.concat([Buffer.of(bytes.length), bytes]));
  }

  #add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text = "") => text.split(":").filter(Boolean);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [
    ...groups(head),
    ...Array.from({ length: tail === undefined ? 0 : missing }, () => "0"),
    ...groups(tail),
  ];
  const bytes = Buffer.alloc(16);
  for (const [at, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2);
  return bytes;
}

/** What a record says, as bytes that can be compared (RFC 6762, 8.2: names written out). */
export function dataBytes(data: Data): Buffer {
  const plain = data.kind === "SRV" || data.kind === "PTR" ? { ...data, target: data.target.map(lower) } : data;
  const writer = new Writer(Buffer.alloc(0));
  writer.record({ name: [], ttl: 0, isUnique: false, data: plain });
  return writer.bytes.subarray(11);
}
