// The first message (protocol section 1, first-frame table): one well-formed `connect`, or the end.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());

/** Sends one message as the first; returns the answers to it and how the connection ended. */
async function firstMessage(message: unknown) {
  const client = await gateway.connectRaw();
  await client.nextOf("connect.challenge");
  client.send(message);
  const closed = await within(client.closed, "the end");
  return { answers: client.frames.slice(1), closed };
}

const NOT_JSON: readonly [what: string, message: string][] = [
  ["empty text", ""],
  ["a word", "hello"],
  ["a JSON text with something after it", '{"type":"req","id":"1","method":"connect"}}'],
  ["an HTTP request", "GET / HTTP/1.1\r\n\r\n"],
];
for (const [what, message] of NOT_JSON) {
  test(`${what} is closed with 1000 and no answer`, async () => {
    assert.deepEqual(await firstMessage(message), { answers: [], closed: { code: 1000, reason: "" } });
  });
}

const NOT_A_REQUEST: readonly [what: string, frame: unknown][] = [
  ["null", "null"],
  ["a number", "1"],
  ["an array", []],
  ["an array of a request", [{ type: "req", id: "1", method: "connect" }]],
  ["an event frame", { type: "event", event: "tick" }],
  ["a response frame", { type: "res", id: "1", ok: true }],
  ["a request with an extra property", { type: "req", id: "1", method: "connect", extra: 1 }],
  ["a request without id", { type: "req", method: "connect" }],
  ["a request with an empty id", { type: "req", id: "", method: "connect" }],
  ["a request with a number as id", { type: "req", id: 1, method: "connect" }],
  ["a request with an id beyond all bounds", { type: "req", id: "x".repeat(257), method: "connect" }],
  ["a request without method", { type: "req", id: "1" }],
  ["a request with an empty method", { type: "req", id: "1", method: "" }],
];
for (const [what, frame] of NOT_A_REQUEST) {
  test(`${what} is closed with 1008 "invalid request frame" and no answer`, async () => {
    assert.deepEqual(await firstMessage(frame), {
      answers: [],
      closed: { code: 1008, reason: "invalid request frame" },
    });
  });
}

test("a binary first message is no request frame, even when its bytes are one", async () => {
  const bytes = Buffer.from(JSON.stringify({ type: "req", id: "1", method: "connect", params: {} }));

  assert.deepEqual(await firstMessage(bytes), {
    answers: [],
    closed: { code: 1008, reason: "invalid request frame" },
  });
});

for (const method of ["health", "agent", "nope", "Connect", "constructor", "__proto__"]) {
  test(`a first request for ${method} is refused and closed with the same words`, async () => {
    const message = "invalid handshake: first request must be connect";

    assert.deepEqual(await firstMessage({ type: "req", id: "1", method, params: {} }), {
      answers: [{ type: "res", id: "1", ok: false, error: { code: "INVALID_REQUEST", message } }],
      closed: { code: 1008, reason: message },
    });
  });
}

test("params that fail the schema are refused with the validation text, cut to 120 bytes in the close reason", async () => {
  const { answers, closed } = await firstMessage({ type: "req", id: "1", method: "connect", params: {} });

  const message =
    "invalid connect params: must have required property 'minProtocol'; " +
    "must have required property 'maxProtocol'; must have required property 'client'";
  assert.deepEqual(answers, [{ type: "res", id: "1", ok: false, error: { code: "INVALID_REQUEST", message } }]);
  assert.deepEqual(closed, { code: 1008, reason: message.slice(0, 120) });
});

test("connect without params is judged as with empty ones", async () => {
  const [absent, empty] = await Promise.all([
    firstMessage({ type: "req", id: "1", method: "connect" }),
    firstMessage({ type: "req", id: "1", method: "connect", params: {} }),
  ]);

  assert.deepEqual(absent, empty);
});

test("a close reason is never cut within a character", async () => {
  const { closed } = await firstMessage({
    type: "req",
    id: "1",
    method: "connect",
    params: { minProtocol: 3, maxProtocol: 3, ["é".repeat(60)]: 1 },
  });

  assert.equal(closed.code, 1008);
  assert.ok(Buffer.byteLength(closed.reason) <= 120);
  assert.match(closed.reason, /^invalid connect params: .*é$/);
});

test("a connection that has been refused gets nothing more, whatever it sends", async () => {
  const client = await gateway.connectRaw();
  const { payload } = await client.nextOf("connect.challenge");
  const good = {
    minProtocol: 3,
    maxProtocol: 3,
    client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
    auth: { token: gateway.token },
  };

  client.send({ type: "req", id: "1", method: "connect", params: {} });
  client.send({ type: "req", id: "2", method: "connect", params: good });
  client.send({ type: "req", id: "3", method: "health" });
  await within(client.closed, "the end");

  assert.deepEqual(
    client.frames.slice(1).map(({ id, ok }) => ({ id, ok })),
    [{ id: "1", ok: false }],
  );
  assert.ok(payload.nonce);
});
