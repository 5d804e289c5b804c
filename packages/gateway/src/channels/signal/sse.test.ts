import assert from "node:assert/strict";
import { test } from "node:test";
import { serverEvents } from "./sse.ts";

async function read(...chunks: (string | Uint8Array)[]) {
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
  const stream = (async function* () {
    yield* bytes;
  })();
  return await Array.fromAsync(serverEvents(stream));
}

test("an event has a name and data", async () => {
  assert.deepEqual(await read("event:receive\ndata:{}\n\n"), [{ name: "receive", data: "{}" }]);
  assert.deepEqual(await read("data: one\ndata: two\n\n"), [{ name: "message", data: "one\ntwo" }]);
});

test("comments, unknown fields and events without data are nothing", async () => {
  assert.deepEqual(await read(": keep alive\n\nid: 7\nretry: 1\nevent: x\n\ndata:a:b\n\n"), [
    { name: "message", data: "a:b" },
  ]);
});

test("pieces are put together wherever they are cut", async () => {
  const whole = new TextEncoder().encode("event:receive\r\ndata:añ😀\r\n\r\n");
  const pieces = Array.from(whole, (byte) => Uint8Array.of(byte));

  assert.deepEqual(await read(...pieces), [{ name: "receive", data: "añ😀" }]);
});

test("lines may end with CR, LF or both", async () => {
  assert.deepEqual(await read("data:a\r\rdata:b\n\ndata:c\r\n\r\n"), [
    { name: "message", data: "a" },
    { name: "message", data: "b" },
    { name: "message", data: "c" },
  ]);
});

test("an event that the end of the stream cuts is dropped", async () => {
  assert.deepEqual(await read("data:whole\n\ndata:{half"), [{ name: "message", data: "whole" }]);
});

test("a line without end is refused", async () => {
  const megabyte = "x".repeat(1024 * 1024);

  await assert.rejects(read("data:", ...Array(17).fill(megabyte)), /without end/);
});
