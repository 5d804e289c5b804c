// The end (protocol sections 1 and 6): the event first, then the close; nothing is left behind.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { frameBytes, RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";
import { connectParams } from "../support/wire-client.ts";

test("a stop is told to every client, nodes too, before its connection is closed with 1012", async () => {
  await using gateway = await testGateway({ clock: new FakeClock() });
  const clients = await Promise.all([
    gateway.connect(),
    gateway.connect({ protocol: 4, scopes: [] }),
    gateway.connect({ device: newDeviceKey(), role: "node", client: { id: "node-host", mode: "node" } }),
  ]);

  await gateway.stop();

  for (const client of clients) {
    assert.deepEqual(await within(client.closed, "the end"), { code: 1012, reason: "service restart" });
    const last = client.frames.at(-1);
    assert.deepEqual(last, {
      type: "event",
      event: "shutdown",
      payload: { reason: "gateway stopping", restartExpectedMs: null },
      seq: last?.seq,
    });
  }
});

test("strangers are closed with 1012 too, without the event", async () => {
  await using gateway = await testGateway({ clock: new FakeClock() });
  const stranger = await gateway.connectRaw();
  await stranger.nextOf("connect.challenge");

  await gateway.stop();

  assert.deepEqual(await within(stranger.closed, "the end"), { code: 1012, reason: "service restart" });
  assert.equal(stranger.frames.length, 1);
});

test("a request that was sent before the stop is answered before the close", async () => {
  await using gateway = await testGateway({ clock: new FakeClock() });
  const client = await gateway.connect();

  client.send({ type: "req", id: "before", method: "last-heartbeat" });
  await client.flushed();
  await gateway.stop();

  assert.equal((await client.answerTo("before")).ok, true);
});

test("nobody is let in during a stop or after it", async () => {
  await using gateway = await testGateway({ clock: new FakeClock() });
  const { url } = gateway;
  await gateway.connect();

  await gateway.stop();

  await assert.rejects(fetch(url.replace("ws", "http")), TypeError);
});

test("a stop leaves no timer behind, whatever was going on", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock });
  const admin = await gateway.connect({ client: { id: "test", mode: "test" } });
  const { hello } = await gateway.connect({ device: newDeviceKey() });
  await gateway.connectRaw();
  await gateway.refused({ token: "wrong-token" });
  admin.send({ type: "req", id: "h", method: "health" });
  admin.send({ type: "req", id: "e", method: "system-event", params: { text: "hello" } });
  await admin.flushed();

  await gateway.stop();

  assert.equal(hello.type, "hello-ok");
  assert.equal(clock.pending, 0);
});

test("a client that answers no close does not hold the stop for more than two seconds", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock });
  const { raw, nonce } = await RawSocket.upgrade(gateway.port);
  const params = connectParams({}, gateway.token, { nonce, ts: clock.now() });
  raw.write(frameBytes(JSON.stringify({ type: "req", id: "c", method: "connect", params })));
  await raw.message();
  const startedAt = clock.now();

  await gateway.stop();

  assert.ok(clock.now() - startedAt <= 3_000);
  assert.deepEqual(await raw.end(), { code: 1012, reason: "service restart" });
});

test("a socket that asks to be upgraded during a stop is turned away", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock });
  const { raw: stuck, nonce } = await RawSocket.upgrade(gateway.port);
  const params = connectParams({}, gateway.token, { nonce, ts: clock.now() });
  stuck.write(frameBytes(JSON.stringify({ type: "req", id: "c", method: "connect", params })));
  await stuck.message();
  const late = await RawSocket.open(gateway.port);
  late.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nUpgrade: websocket\r\n`);
  await gateway.connect();

  const stopping = gateway.running[Symbol.asyncDispose]();
  await stuck.end();
  late.write("Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const answer = await late.text();
  clock.advance(2_000);
  await stopping;

  assert.match(answer, /^HTTP\/1\.1 503 /);
});

test("a second stop does nothing", async () => {
  await using gateway = await testGateway();
  const { running } = gateway;
  await gateway.stop();

  await running[Symbol.asyncDispose]();
});

test("the port and the folder are free at once for the next start", async () => {
  await using gateway = await testGateway({ config: "{}" });
  const { port } = gateway;
  await gateway.connect();
  await gateway.stop();

  await using next = await testGateway({ overrides: { port } });
  await gateway.start();

  assert.equal(next.port, port);
  assert.ok(existsSync(gateway.stateDir));
  assert.equal((await gateway.connect()).hello.type, "hello-ok");
});
