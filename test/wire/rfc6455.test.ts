// The WebSocket protocol to the letter (RFC 6455): what breaks it ends with an error code, and harms nobody else.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { frameBytes, RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";
import { connectParams } from "../support/wire-client.ts";

const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

const bystander = await gateway.connect();

const connect = JSON.stringify({
  type: "req",
  id: "c",
  method: "connect",
  params: {
    minProtocol: 3,
    maxProtocol: 3,
    client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
    auth: { token: gateway.token },
  },
});
const request = (id: string, method = "last-heartbeat", params = {}) =>
  frameBytes(JSON.stringify({ type: "req", id, method, params }));

/** A raw socket that has shaken hands. */
async function shaken() {
  const { raw } = await RawSocket.upgrade(gateway.port);
  raw.write(frameBytes(connect));
  assert.match(await raw.message(), /"hello-ok"/);
  return raw;
}

const ATTACKS: readonly [what: string, bytes: Buffer, code: number][] = [
  ["an unmasked frame", frameBytes("{}", { masked: false }), 1002],
  ["RSV1 without a negotiated extension", frameBytes("{}", { reserved: 4 }), 1002],
  ["RSV2", frameBytes("{}", { reserved: 2 }), 1002],
  ["RSV3", frameBytes("{}", { reserved: 1 }), 1002],
  ["an unknown data opcode", frameBytes("{}", { opcode: 3 }), 1002],
  ["an unknown control opcode", frameBytes("", { opcode: 11 }), 1002],
  ["a continuation of nothing", frameBytes("{}", { opcode: 0 }), 1002],
  ["a new message within a fragmented one", Buffer.concat([frameBytes("{", { fin: false }), frameBytes("{}")]), 1002],
  ["a fragmented ping", frameBytes("", { opcode: 9, fin: false }), 1002],
  ["a ping of 126 bytes", frameBytes("x".repeat(126), { opcode: 9 }), 1002],
  ["a close frame of one byte", frameBytes("x", { opcode: 8 }), 1002],
  ["a close frame with code 1005", frameBytes(Buffer.from([0x03, 0xed]), { opcode: 8 }), 1002],
  ["a close frame with code 0", frameBytes(Buffer.from([0, 0]), { opcode: 8 }), 1002],
  ["text that is not UTF-8", frameBytes(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
  ["a surrogate in UTF-8", frameBytes(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 1007],
  ["an announced length over the limit", frameBytes("", { announced: 30 * 1024 * 1024 }), 1009],
  ["an announced length beyond 2^53", frameBytes("", { announced: 2 ** 60 }), 1009],
  [
    "a flood of fragments",
    Buffer.concat(Array.from({ length: 20_000 }, (_, i) => frameBytes("", { fin: false, opcode: i === 0 ? 1 : 0 }))),
    1008,
  ],
];
for (const [what, bytes, code] of ATTACKS) {
  test(`${what} is closed with ${code}, before the handshake and after it`, async () => {
    const { raw: stranger } = await RawSocket.upgrade(gateway.port);
    const client = await shaken();

    stranger.write(bytes);
    client.write(bytes);

    assert.equal((await stranger.end()).code, code);
    assert.equal((await client.end()).code, code);
    assert.equal((await bystander.request("last-heartbeat")).ok, true);
  });
}

test("fragments over the stranger's limit are closed with 1009", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  raw.write(frameBytes("x".repeat(40_000), { fin: false }), frameBytes("x".repeat(40_000), { opcode: 0 }));

  assert.equal((await raw.end()).code, 1009);
});

test("a message may come in fragments, with pings between them", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  raw.write(
    frameBytes(connect.slice(0, 50), { fin: false }),
    frameBytes("are you there", { opcode: 9 }),
    frameBytes(connect.slice(50, 51), { fin: false, opcode: 0 }),
    frameBytes(connect.slice(51), { opcode: 0 }),
  );

  await assert.rejects(raw.message(), /opcode 10/);
  assert.match(await raw.message(), /"hello-ok"/);
});

test("a message may come byte by byte", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);
  raw.socket.setNoDelay(true);

  for (const byte of frameBytes(connect)) raw.write(Buffer.from([byte]));

  assert.match(await raw.message(), /"hello-ok"/);
});

test("a close is answered with the same code", async () => {
  const raw = await shaken();

  raw.write(frameBytes(Buffer.concat([Buffer.from([0x03, 0xe8]), Buffer.from("bye")]), { opcode: 8 }));

  assert.equal((await raw.end()).code, 1000);
  await within(raw.ended, "the end of the socket");
});

test("a socket that simply goes away harms nobody", async () => {
  const { raw: stranger } = await RawSocket.upgrade(gateway.port);
  const client = await shaken();

  stranger.socket.resetAndDestroy();
  client.socket.resetAndDestroy();
  await Promise.all([stranger.ended, client.ended]);

  assert.equal((await bystander.request("last-heartbeat")).ok, true);
});

test("two connects in one packet make one hello-ok", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  raw.write(frameBytes(connect), frameBytes(connect.replace('"id":"c"', '"id":"d"')));
  const [first, second] = [JSON.parse(await raw.message()), JSON.parse(await raw.message())];

  assert.deepEqual([first.id, first.payload.type], ["c", "hello-ok"]);
  assert.deepEqual(second, {
    type: "res",
    id: "d",
    ok: false,
    error: { code: "INVALID_REQUEST", message: "connect is only valid as the first request" },
  });
});

test("requests behind a connect in one packet are answered after hello-ok", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  raw.write(frameBytes(connect), request("r"));

  assert.match(await raw.message(), /"hello-ok"/);
  assert.deepEqual(JSON.parse(await raw.message()), { type: "res", id: "r", ok: true, payload: null });
});

test("a request of more than a stranger's limit is accepted right behind the connect", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  raw.write(frameBytes(connect), request("big", "last-heartbeat", { padding: "x".repeat(200_000) }));

  assert.match(await raw.message(), /"hello-ok"/);
  assert.deepEqual(JSON.parse(await raw.message()), { type: "res", id: "big", ok: true, payload: null });
});

test("requests behind a refused connect in one packet are neither answered nor done", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);
  const marker = "from a refused connection";

  raw.write(
    frameBytes(connect.replace(gateway.token!, "wrong-token")),
    request("r", "system-event", { text: marker }),
    frameBytes(connect),
  );
  const answer = JSON.parse(await raw.message());

  assert.equal(answer.ok, false);
  assert.equal((await raw.end()).code, 1008);
  assert.ok(!JSON.stringify(await bystander.call("system-presence")).includes(marker));
});

test("a revoked client that ignores the close frame has no more effect, and is cut off after two seconds", async () => {
  const clock = new FakeClock();
  await using other = await testGateway({ clock });
  const admin = await other.connect();
  const device = newDeviceKey();
  const { hello } = await other.connect({ device });
  const { raw, nonce } = await RawSocket.upgrade(other.port);
  const params = connectParams({ device }, hello.auth.deviceToken, { nonce, ts: clock.now() });
  raw.write(frameBytes(JSON.stringify({ type: "req", id: "c", method: "connect", params })));
  assert.match(await raw.message(), /"hello-ok"/);

  await admin.call("device.token.revoke", { deviceId: device.id, role: "operator" });
  const end = await raw.end();
  raw.write(request("late", "system-event", { text: "from a revoked connection" }));
  await admin.flushed();
  clock.advance(2_000);
  await within(raw.ended, "the end of the socket");

  assert.deepEqual(end, { code: 4001, reason: "client invalidated: device token revoked" });
  assert.ok(!JSON.stringify(await admin.call("system-presence")).includes("from a revoked connection"));
});

const UPGRADES: readonly [what: string, head: string, status: string][] = [
  [
    "an unknown WebSocket version",
    "Upgrade: websocket\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "400",
  ],
  ["no key", "Upgrade: websocket\r\nSec-WebSocket-Version: 13", "400"],
  ["a short key", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc", "400"],
];
for (const [what, head, status] of UPGRADES) {
  test(`an upgrade with ${what} is answered with ${status}`, async () => {
    const raw = await RawSocket.open(gateway.port);

    raw.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n${head}\r\n\r\n`);

    const answer = await raw.text();
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
  });
}

test("a request that offers another protocol is answered as if it had not", async () => {
  // What Java's HTTP client sends first of all.
  const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };

  const health = await askedOverHttp("GET", headers);
  const posted = await askedOverHttp("POST", headers, "{}");

  assert.deepEqual([health.status, health.body], [200, "ok"]);
  assert.equal(posted.status, 405);
});

/** Asks for the health of the gateway. */
function askedOverHttp(method: string, headers: Record<string, string>, body = "") {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const asked = httpRequest({ port: gateway.port, path: "/healthz", method, headers, agent: false });
  asked.once("response", (response) =>
    text(response).then((body) => resolve({ status: response.statusCode, body }), reject),
  );
  asked.once("error", reject).end(body);
  return within(promise, "the answer");
}

test("a POST cannot be upgraded", async () => {
  const raw = await RawSocket.open(gateway.port);

  raw.write(
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );

  const answer = await raw.text();
  assert.match(answer, /^HTTP\/1.1 405 /);
});

test("bytes that are no HTTP end the connection", async () => {
  const raw = await RawSocket.open(gateway.port);

  raw.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1, 0x03, 0x03]), "\r\n\r\n");

  await within(raw.ended, "the end");
  assert.equal((await gateway.connect()).hello.type, "hello-ok");
});
