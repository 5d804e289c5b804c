import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Data, isSameName, type Record, TYPE } from "./message.ts";
import { readMessage } from "./message-reader.ts";
import { dataBytes, writeMessage } from "./message-writer.ts";

const record = (name: readonly string[], data: Data): Record => ({ name, ttl: 120, isUnique: true, data });
const INSTANCE = ["box (Moltbot)", "_moltbot-gw", "_tcp", "local"];

test("what is written is read again, names that come twice included", () => {
  const message = {
    ...{ id: 7, isResponse: true, questions: [{ name: INSTANCE, type: TYPE.ANY, isUnicast: true }] },
    answers: [
      { name: INSTANCE.slice(1), ttl: 4_500, isUnique: false, data: { kind: "PTR", target: INSTANCE } as const },
      record(INSTANCE, { kind: "SRV", port: 18_789, target: ["box-moltbot", "local"] }),
      record(INSTANCE, { kind: "TXT", entries: ["role=gateway", "displayName=Büro"] }),
    ],
    authorities: [record(["box-moltbot", "local"], { kind: "A", address: "192.168.1.20" })],
    additionals: [
      record(["box-moltbot", "local"], { kind: "AAAA", address: "fd7a:115c:a1e0::1" }),
      record(["box-moltbot", "local"], { kind: "AAAA", address: "::1" }),
    ],
  };

  const bytes = writeMessage(message);

  assert.deepEqual(readMessage(bytes), message);
  assert.equal(bytes.toString("latin1").split("_moltbot-gw").length, 2);
});

/** Names of others stand in our answers and questions, and what they say is compared as bytes. */
function writtenAgain(bytes: Buffer): void {
  const message = readMessage(bytes);
  if (!message) return;
  writeMessage(message);
  for (const { data } of [...message.answers, ...message.authorities, ...message.additionals]) dataBytes(data);
}

test("what can be read can be written: bytes that are no UTF-8 make nothing longer", () => {
  const long = (fill: string, size: number) => fill.repeat(size);
  const sound = writeMessage({
    questions: [{ name: [long("#", 63), "local"], type: TYPE.ANY, isUnicast: false }],
    answers: [
      record(INSTANCE, { kind: "TXT", entries: [long("#", 255)] }),
      record(INSTANCE, { kind: "SRV", port: 1, target: [long("#", 63), "local"] }),
    ],
  });
  const bytes = Buffer.from(sound.map((byte) => (byte === 0x23 ? 0xff : byte)));

  writtenAgain(bytes);

  assert.deepEqual(readMessage(bytes)?.questions[0]?.name, [long("?", 63), "local"]);
});

test("a name that leads from pointer to pointer is refused", () => {
  const chain = Array.from({ length: 40 }, (_, at) => [0xc0, at === 0 ? 23 : 22 + at * 2]).flat();
  const first = Buffer.from([0, 0, 10, 0, 1, 0, 0, 0, 1, 0, chain.length + 1, 0, ...chain]);
  const bytes = Buffer.concat([
    head(0, 2, 0, 0),
    first,
    Buffer.from([0xc0, 22 + 40 * 2, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0]),
  ]);
  const short = Buffer.concat([head(0, 2, 0, 0), first, Buffer.from([0xc0, 26, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0])]);

  assert.equal(readMessage(bytes), undefined);
  assert.deepEqual(readMessage(short)?.answers[1]?.name, []);
});

test("bytes of all kinds are read or refused, and never throw", () => {
  const sound = writeMessage({ answers: [record(INSTANCE, { kind: "TXT", entries: ["a=b"] })], isResponse: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), fc.nat(255), (bytes, at, value) => {
      writtenAgain(Buffer.from(bytes));
      const spoiled = Buffer.from(sound);
      spoiled[at % spoiled.length] = value;
      writtenAgain(spoiled);
      readMessage(sound.subarray(0, at % sound.length));
    }),
  );
});

const head = (...counts: number[]) =>
  Buffer.from([0, 0, 0x84, 0, ...counts.flatMap((each) => [each >> 8, each & 255])]);
const HOSTILE: readonly [string, Buffer][] = [
  ["a name that points at itself", Buffer.concat([head(0, 1, 0, 0), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
  ["a name that points forward", Buffer.concat([head(0, 1, 0, 0), Buffer.from([0xc0, 40, 0, 1, 0, 1])])],
  ["a name that points into the head", Buffer.concat([head(0, 1, 0, 0), Buffer.from([0xc0, 0, 0, 1, 0, 1])])],
  ["more records than there are bytes", head(0, 200, 0, 0)],
  ["more records than anybody needs", Buffer.concat([head(9_000, 9_000, 9_000, 9_000), Buffer.alloc(8_000)])],
  [
    "a record that ends after the message",
    Buffer.concat([head(0, 1, 0, 0), Buffer.from([0, 0, 16, 0, 1, 0, 0, 0, 1, 0xff, 0xff])]),
  ],
  [
    "a text that ends after its record",
    Buffer.concat([head(0, 1, 0, 0), Buffer.from([0, 0, 16, 0, 1, 0, 0, 0, 1, 0, 2, 200, 1])]),
  ],
  [
    "an SRV record without a name",
    Buffer.concat([head(0, 1, 0, 0), Buffer.from([0, 0, 33, 0, 1, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 1, 1])]),
  ],
  ["a label that is no length", Buffer.concat([head(0, 1, 0, 0), Buffer.from([0x80, 1, 1, 1])])],
  ["a failure", Buffer.from([0, 0, 0x84, 3, 0, 0, 0, 0, 0, 0, 0, 0])],
  ["another operation", Buffer.from([0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ["more than a message may have", Buffer.alloc(9_001)],
  ["nothing", Buffer.alloc(0)],
];
for (const [what, bytes] of HOSTILE) {
  test(`${what} is refused`, () => {
    assert.equal(readMessage(bytes), undefined);
  });
}

test("a name longer than 255 bytes is refused, however it is put together", () => {
  const label = [63, ...Buffer.alloc(63, "a")];
  const bytes = Buffer.concat([head(0, 1, 0, 0), Buffer.from([...label, ...label, ...label, ...label, 0, 0, 1, 0, 1])]);

  assert.equal(readMessage(bytes), undefined);
});

test("names differ by more than the case of their letters", () => {
  assert.equal(isSameName(["Box", "LOCAL"], ["box", "local"]), true);
  assert.equal(isSameName(["box.local"], ["box", "local"]), false);
});

test("what records say is compared without their names", () => {
  const a = dataBytes({ kind: "SRV", port: 2, target: ["Box", "local"] });
  const b = dataBytes({ kind: "SRV", port: 2, target: ["box", "LOCAL"] });

  assert.deepEqual(a, b);
  assert.deepEqual([...dataBytes({ kind: "A", address: "10.0.0.1" })], [10, 0, 0, 1]);
});
