// Connections before the handshake (security: resources): limited in number and time, and a good client always gets in.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { frameBytes, RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock });
after(() => gateway[Symbol.asyncDispose]());

const LIMIT_MS = 10_000;
const remote = (address: string) => ({ "X-Forwarded-For": address });

/** Opens so many sockets that never shake hands; the first of them is the oldest. */
async function openStrangers(count: number, headers: Record<string, string> = {}) {
  const { raw: oldest } = await RawSocket.upgrade(gateway.port, headers);
  const opened = [oldest];
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(32, count - opened.length) }, () =>
      RawSocket.upgrade(gateway.port, headers),
    );
    for (const { raw } of await Promise.all(batch)) opened.push(raw);
  }
  return opened;
}

function closeAll(sockets: readonly RawSocket[]) {
  for (const raw of sockets) raw[Symbol.dispose]();
  return Promise.all(sockets.map((raw) => raw.ended));
}

test("who has not shaken hands after ten seconds is closed with 1000 and no reason", async () => {
  const client = await gateway.connectRaw();

  clock.advance(LIMIT_MS - 1);
  await client.flushed();
  const before = client.socket.readyState;
  clock.advance(1);

  assert.equal(before, client.socket.OPEN);
  assert.deepEqual(await within(client.closed, "the end"), { code: 1000, reason: "" });
});

test("pings, pongs and half a frame do not extend the time", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);

  for (let i = 0; i < 9; i++) {
    raw.write(frameBytes("", { opcode: 9 }), frameBytes("", { opcode: 10 }));
    raw.write(frameBytes("{", { fin: false, opcode: i === 0 ? 1 : 0 }));
    clock.advance(1_000);
  }
  clock.advance(1_000);

  assert.deepEqual(await raw.end(), { code: 1000, reason: "" });
});

test("who does not answer the close is cut off two seconds later", async () => {
  const { raw } = await RawSocket.upgrade(gateway.port);
  clock.advance(LIMIT_MS);
  await raw.end();

  clock.advance(2_000);

  await within(raw.ended, "the end of the socket");
});

test("once hands are shaken there is no such limit", async () => {
  const client = await gateway.connect();

  await gateway.pass(60_000);

  assert.equal((await client.request("last-heartbeat")).ok, true);
});

test("of strangers from one address elsewhere 64 may wait; the oldest makes room", async () => {
  const headers = remote("203.0.113.9");
  const [oldest, ...others] = await openStrangers(64, headers);

  const { raw: newcomer } = await RawSocket.upgrade(gateway.port, headers);

  await within(oldest!.ended, "the end of the oldest");
  assert.ok(others.every(({ socket }) => !socket.destroyed));
  await closeAll([...others, newcomer]);
});

test("a good client gets in while strangers fill every place, from elsewhere and locally", async () => {
  const crowd = await openStrangers(1_024);

  const local = await gateway.connect();
  const { error } = await gateway.refused({ device: newDeviceKey() }, { headers: remote("198.51.100.7") });

  assert.equal(local.hello.type, "hello-ok");
  assert.equal(error?.message, "pairing required");
  await within(crowd[0]!.ended, "the end of the oldest");
  assert.equal(crowd.filter(({ socket }) => !socket.destroyed).length, 1_023);
  await closeAll(crowd);
});

test("clients that are in do not count as strangers", async () => {
  const inside = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));

  await closeAll(await openStrangers(1_030));

  const answers = await Promise.all(inside.map((client) => client.request("last-heartbeat")));
  assert.ok(answers.every(({ ok }) => ok));
});

test("connections that never say a word do not keep a good client out", async () => {
  const silent = await Promise.all(Array.from({ length: 1_100 }, () => RawSocket.open(gateway.port)));

  const { hello } = await gateway.connect();

  assert.equal(hello.type, "hello-ok");
  await closeAll(silent);
});
