/** Writes DNS messages. */
import { isIPv4 } from "node:net";
import { type Data, INTERNET, lower, type Message, type Name, type Record, TOP_BIT, typeOf } from "./message.ts";

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
