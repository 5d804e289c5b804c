import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { frameHead, SharedFrame } from "./shared-frame.ts";

/** A reader that takes bytes at once, or keeps what it was given until it is read. */
class Reader extends Writable {
  readonly #isSlow: boolean;
  readonly #kept: Buffer[] = [];
  readonly #taken: Buffer[] = [];

  constructor({ isSlow }: { isSlow: boolean }) {
    super();
    this.#isSlow = isSlow;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#isSlow) this.#kept.push(chunk);
    else {
      this.#taken.push(Buffer.from(chunk));
      done();
    }
  }

  /** All that arrived, read now. */
  get bytes(): Buffer {
    return Buffer.concat([...this.#taken, ...this.#kept]);
  }
}

function expected(text: string, seq: number): Buffer {
  const payload = Buffer.from(`${text}${seq}}`);
  return Buffer.concat([frameHead(payload.length), payload]);
}

const seqs = fc.array(fc.oneof(fc.nat(12), fc.nat(2_000), fc.constant(Number.MAX_SAFE_INTEGER)), { minLength: 1 });
const lengths = fc.oneof(fc.nat(300), fc.integer({ min: 65_500, max: 65_560 }));

test("each receiver gets the whole frame with its own number, fast and slow ones alike", () => {
  fc.assert(
    fc.property(
      lengths,
      fc.array(fc.tuple(fc.boolean(), seqs), { minLength: 1, maxLength: 6 }),
      (length, receivers) => {
        const text = "é".padEnd(length, "x");
        const frame = new SharedFrame(text);
        const readers = receivers.map(([isSlow, numbers]) => ({ reader: new Reader({ isSlow }), number: numbers[0]! }));
        for (const { reader, number } of readers) frame.write(reader, number);

        for (const { reader, number } of readers) assert.deepEqual(reader.bytes, expected(text, number));
      },
    ),
  );
});

test("in pieces it is the same frame", () => {
  fc.assert(
    fc.property(lengths, seqs, (length, [seq = 1]) => {
      const reader = new Reader({ isSlow: false });
      const text = "x".repeat(length);

      new SharedFrame(text).writePieces(reader, seq);

      assert.deepEqual(reader.bytes, expected(text, seq));
    }),
  );
});

const HEADS: readonly [length: number, hex: string][] = [
  [0, "8100"],
  [125, "817d"],
  [126, "817e007e"],
  [65_535, "817effff"],
  [65_536, "817f0000000000010000"],
];
for (const [length, hex] of HEADS)
  test(`the head of a text frame of ${length} bytes`, () => assert.equal(frameHead(length).toString("hex"), hex));
