// The transport (protocol section 1): what a socket may look like and how much it may carry.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";
import { WireClient } from "../support/wire-client.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

/** A `connect` frame of exactly `bytes` bytes; the padding is a field that is ignored. */
function connectFrameOf(bytes: number): string {
  const frame = (userAgent: string) =>
    JSON.stringify({
      type: "req",
      id: "1",
      method: "connect",
      params: {
        minProtocol: 3,
        maxProtocol: 3,
        client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
        auth: { token: gateway.token },
        userAgent,
      },
    });
  return frame("x".repeat(bytes - frame("").length));
}

/** A `last-heartbeat` request of exactly `bytes` bytes: unknown params of that method are ignored. */
function requestFrameOf(bytes: number): string {
  const frame = (padding: string) =>
    JSON.stringify({ type: "req", id: "big", method: "last-heartbeat", params: { padding } });
  return frame("x".repeat(bytes - frame("").length));
}

test("the socket opens with a challenge: a nonce and the time, without a number", async () => {
  const client = await gateway.connectRaw();

  const challenge = await client.next();

  const { nonce } = challenge.payload;
  assert.deepEqual(challenge, { type: "event", event: "connect.challenge", payload: { nonce, ts: FAKE_EPOCH } });
  assert.match(nonce, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("every socket has a nonce of its own", async () => {
  const [one, two] = await Promise.all([gateway.connectRaw(), gateway.connectRaw()]);

  const challenges = await Promise.all([one.next(), two.next()]);

  assert.notEqual(challenges[0].payload.nonce, challenges[1].payload.nonce);
});

for (const path of ["/", "/ws", "/any/path?and=query", "/__moltbot__/nothing", "/%E0%A4%A"]) {
  test(`an upgrade is accepted on ${path}`, async () => {
    const client = await gateway.connect({}, { path });

    assert.equal(client.hello.type, "hello-ok");
  });
}

test("a client that offers a sub-protocol is let in and gets its first value back", async () => {
  const client = await gateway.connect({}, { protocols: ["gateway.v3", "other"] });

  assert.equal(client.socket.protocol, "gateway.v3");
});

test("compression is not negotiated with a client that offers it", async () => {
  const client = await gateway.connect({}, { ws: { perMessageDeflate: true } });

  assert.equal(client.socket.extensions, "");
});

test("the gateway listens on ::1 beside 127.0.0.1, or says that it cannot", async () => {
  using client = new WireClient(`ws://[::1]:${gateway.port}`, { token: gateway.token });

  const isThere = await client.opened().then(
    () => true,
    () => false,
  );

  const hasWarned = gateway.sentences.includes("no listener on ::1; 127.0.0.1 works");
  assert.notEqual(isThere, hasWarned);
});

test("a binary message whose bytes are JSON is handled like text once the client is known", async () => {
  const client = await gateway.connect();

  client.send(Buffer.from(JSON.stringify({ type: "req", id: "b", method: "last-heartbeat" })));

  assert.deepEqual(await client.answerTo("b"), { type: "res", id: "b", ok: true, payload: null });
});

test("answers and events are text messages", async () => {
  const client = await gateway.connect();
  const isBinary = new Promise((resolve) => client.socket.once("message", (_data, binary) => resolve(binary)));

  client.send({ type: "req", id: "t", method: "last-heartbeat" });

  assert.equal(await within(isBinary, "a message"), false);
});

test("a first message of 64 KiB is accepted", async () => {
  const client = await gateway.connectRaw();

  client.send(connectFrameOf(64 * KIB));

  assert.equal((await client.answerTo("1")).ok, true);
});

test("a first message over 64 KiB is closed with 1009 and no reason", async () => {
  const client = await gateway.connectRaw();

  client.send(connectFrameOf(64 * KIB + 1));

  assert.deepEqual(await within(client.closed, "the end"), { code: 1009, reason: "" });
  assert.deepEqual(
    client.frames.map(({ event }) => event),
    ["connect.challenge"],
  );
});

for (const bytes of [512 * KIB + 1, 25 * MIB]) {
  test(`a message of ${bytes} bytes is accepted after the handshake`, async () => {
    const client = await gateway.connect();

    client.send(requestFrameOf(bytes));

    assert.deepEqual(await client.answerTo("big"), { type: "res", id: "big", ok: true, payload: null });
  });
}

test("a message over 25 MiB is closed with 1009 and no reason", async () => {
  const client = await gateway.connect();

  client.send(requestFrameOf(25 * MIB + 1));

  assert.deepEqual(await within(client.closed, "the end"), { code: 1009, reason: "" });
});

test("the announced policy is what is enforced", async () => {
  const client = await gateway.connect();

  assert.deepEqual(client.hello.policy, {
    maxPayload: 25 * MIB,
    maxBufferedBytes: 8 * MIB,
    tickIntervalMs: 30_000,
  });
});
