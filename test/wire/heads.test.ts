// HTTP heads that cannot be read: each is answered, and the socket is not held (RFC 9110 section 15.5, RFC 6585 section 5).
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());
const host = `Host: 127.0.0.1:${gateway.port}`;

const HEADS: readonly (readonly [what: string, bytes: string, status: string])[] = [
  ["words that are no HTTP", "HELO gateway\r\n\r\n", "400 Bad Request"],
  ["a TLS hello", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n", "400 Bad Request"],
  ["a header without a colon", `GET / HTTP/1.1\r\n${host}\r\nbroken header\r\n\r\n`, "400 Bad Request"],
  ["two lengths", `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, "400 Bad Request"],
  [
    "a length and chunks",
    `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "400 Bad Request",
  ],
  [
    "headers of 40 KB",
    `GET / HTTP/1.1\r\n${host}\r\nX-Long: ${"a".repeat(40_000)}\r\n\r\n`,
    "431 Request Header Fields Too Large",
  ],
  [
    "headers of 4 MB, which are still being sent when the answer comes",
    `GET / HTTP/1.1\r\n${host}\r\nX-Long: ${"a".repeat(4_000_000)}\r\n\r\n`,
    "431 Request Header Fields Too Large",
  ],
  [
    "an address of 40 KB",
    `GET /${"a".repeat(40_000)} HTTP/1.1\r\n${host}\r\n\r\n`,
    "431 Request Header Fields Too Large",
  ],
];
for (const [what, bytes, status] of HEADS) {
  test(`${what}: ${status}`, async () => {
    using raw = await RawSocket.open(gateway.port);

    raw.write(Buffer.from(bytes, "latin1"));
    const answer = await raw.text();

    assert.ok(answer.startsWith(`HTTP/1.1 ${status}\r\n`), answer.slice(0, 100) || "an empty reply");
    assert.match(answer, /\r\nConnection: close\r\n/);
  });
}

test("a bad head after a good request is answered too", async () => {
  using raw = await RawSocket.open(gateway.port);

  raw.write(`GET /%zz HTTP/1.1\r\n${host}\r\n\r\n`);
  await within(once(raw.socket, "data"), "the first answer");
  raw.write("BROKEN\r\n\r\n");
  const answer = await raw.text();

  assert.deepEqual(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ["400", "400"],
  );
});

test("whoever goes on sending after a bad head is cut off", async () => {
  using raw = await RawSocket.open(gateway.port);

  raw.write("HELO gateway\r\n\r\n");
  const more = setInterval(() => raw.socket.writable && raw.write("more\r\n"), 100);
  await raw.ended.finally(() => clearInterval(more));

  assert.equal(raw.socket.destroyed, true);
});
