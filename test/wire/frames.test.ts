// Frames after the handshake (protocol sections 1 and 3): what is answered, under which id, and what is ignored.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

const admin = await gateway.connect();
const four = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

for (const message of ["", "not json", '{"type":"req"', "\u0000"]) {
  test(`${JSON.stringify(message)} is ignored; the connection goes on`, async () => {
    const client = await gateway.connect();

    client.send(message);
    const answer = await client.request("last-heartbeat");

    assert.equal(answer.ok, true);
    assert.deepEqual(
      client.frames.map(({ type, event, id }) => event ?? `${type} ${id}`),
      ["connect.challenge", "res connect", "res #1"],
    );
  });
}

const INVALID: readonly [what: string, frame: unknown, id: unknown, text: string][] = [
  ["an array", [], "invalid", "must be object"],
  ["null", "null", "invalid", "must be object"],
  ["a string", '"x"', "invalid", "must be object"],
  ["a frame without method", { type: "req", id: "a" }, "a", "must have required property 'method'"],
  ["an empty method", { type: "req", id: "a1", method: "" }, "a1", "at /method: must NOT have fewer than 1 characters"],
  [
    "an event",
    { type: "event", id: "e", event: "tick" },
    "e",
    "must have required property 'method'; at root: unexpected property 'event'; at /type: must be equal to constant",
  ],
  ["a number as id", { type: "req", id: 7, method: "health" }, 7, "at /id: must be string"],
  ["a boolean as id", { type: "req", id: true, method: "health" }, true, "at /id: must be string"],
  ["an object as id", { type: "req", id: {}, method: "health" }, "invalid", "at /id: must be string"],
  ["an empty id", { type: "req", id: "", method: "health" }, "", "at /id: must NOT have fewer than 1 characters"],
  ["no id", { type: "req", method: "health" }, "invalid", "must have required property 'id'"],
  [
    "an extra property",
    { type: "req", id: "b", method: "health", extra: 1 },
    "b",
    "at root: unexpected property 'extra'",
  ],
  [
    "an id of 257 characters",
    { type: "req", id: "i".repeat(257), method: "health" },
    "invalid",
    "at /id: must NOT have more than 256 characters",
  ],
];
for (const [what, frame, id, text] of INVALID) {
  test(`${what} is no request frame: refused under the frame's own id, the connection goes on`, async () => {
    admin.send(frame);

    assert.deepEqual(await admin.answerTo(id), {
      type: "res",
      id,
      ok: false,
      error: { code: "INVALID_REQUEST", message: `invalid request frame: ${text}` },
    });
  });
}

test("an unknown method is named", async () => {
  const { error } = await admin.request("no.such.method");

  assert.deepEqual(error, { code: "INVALID_REQUEST", message: "unknown method: no.such.method" });
});

for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
  test(`${name} is an unknown method like any other`, async () => {
    const { error } = await admin.request(name);

    assert.deepEqual(error, { code: "INVALID_REQUEST", message: `unknown method: ${name}` });
  });
}

test("a long method name is not echoed at length", async () => {
  const { error } = await admin.request("m".repeat(100_000));

  assert.equal(error?.message, `unknown method: ${"m".repeat(100)}`);
});

test("a second connect is refused and the session goes on", async () => {
  const answer = await admin.request("connect", { minProtocol: 3, maxProtocol: 3 });

  assert.deepEqual(answer.error, {
    code: "INVALID_REQUEST",
    message: "connect is only valid as the first request",
  });
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});

test("missing params are empty params", async () => {
  assert.equal((await admin.request("device.pair.list")).ok, true);
});

for (const params of [null, [], "x", 1, true]) {
  test(`${JSON.stringify(params)} as params fails the method's schema`, async () => {
    const { error } = await admin.request("device.pair.list", params);

    assert.deepEqual(error, { code: "INVALID_REQUEST", message: "invalid device.pair.list params: must be object" });
  });
}

test("unknown params are refused by name", async () => {
  const { error } = await admin.request("device.pair.list", { b: 1, a: 2 });

  assert.equal(
    error?.message,
    "invalid device.pair.list params: at root: unexpected property 'b'; at root: unexpected property 'a'",
  );
});

test("methods that check by hand ignore unknown params", async () => {
  const { ok } = await admin.request("health", { unknown: 1 });

  assert.equal(ok, true);
});

test("every failing rule is told, each once", async () => {
  const { error } = await admin.request("logs.tail", { limit: 0, cursor: "x", maxBytes: 1.5 });

  assert.equal(
    error?.message,
    "invalid logs.tail params: at /cursor: must be integer; at /limit: must be >= 1; at /maxBytes: must be integer",
  );
});

test("the same id may be used again, even at once: each request has its answer", async () => {
  const client = await gateway.connect();

  client.send({ type: "req", id: "same", method: "last-heartbeat" });
  client.send({ type: "req", id: "same", method: "system-presence" });
  const first = await client.answerTo("same");
  const second = await client.answerTo("same");

  assert.equal(first.payload, null);
  assert.ok(Array.isArray(second.payload));
});

test("requests that arrive together are answered in their order", async () => {
  const client = await gateway.connect();
  const ids = Array.from({ length: 200 }, (_, index) => `r${index}`);

  for (const id of ids) client.send({ type: "req", id, method: "last-heartbeat" });
  await client.answerTo("r199");

  assert.deepEqual(
    client.frames.filter(({ id }) => String(id).startsWith("r")).map(({ id }) => id),
    ids,
  );
});

test("an id is given back exactly, whatever its characters", async () => {
  const id = 'a"\\\n\u2028é😀';

  admin.send({ type: "req", id, method: "last-heartbeat" });

  assert.equal((await admin.answerTo(id)).ok, true);
});

test("protocol 4 requests may carry tracing, protocol 3 ones may not", async () => {
  const traced = { type: "req", id: "traced", method: "last-heartbeat", traceparent: "00-ab-cd-01" };

  four.send(traced);
  admin.send(traced);

  assert.equal((await four.answerTo("traced")).ok, true);
  assert.equal(
    (await admin.answerTo("traced")).error?.message,
    "invalid request frame: at root: unexpected property 'traceparent'",
  );
});

test("half a surrogate pair leaves in no frame: clients that are not written in JavaScript could not read it", async () => {
  const texts: string[] = [];
  const watcher = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  watcher.socket.on("message", (data) => texts.push(String(data)));
  const half = "a\ud800b";

  const refused = await four.request(half);
  await four.call("system-event", { text: half });
  await watcher.nextOf("presence");
  const presence = await watcher.call("system-presence");

  assert.equal(refused.error?.message, "unknown method: a\ufffdb");
  assert.ok(presence.some(({ text }: { text: string }) => text === "a\ufffdb"));
  assert.doesNotMatch(texts.join(), /\\ud[89a-f]/i);
});
