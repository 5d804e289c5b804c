// Events (protocol sections 3 and 6): who receives them, how they are numbered, and what happens to slow readers.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { type Connected, testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock });
after(() => gateway[Symbol.asyncDispose]());

const COALESCE_MS = 250;
const node = { role: "node", client: { id: "node-host", mode: "node" } };

/** The events a client has received, without their payloads. */
function eventsOf(client: Connected) {
  return client.frames.filter(({ seq }) => seq !== undefined).map(({ event, seq }) => [event, seq]);
}

test("a newcomer sees presence and health soon after hello-ok, numbered from 1", async () => {
  const client = await gateway.connect({ client: { id: "test", mode: "test" } });
  const version = client.hello.snapshot.stateVersion;

  clock.advance(COALESCE_MS);
  const [first, second] = [await client.next(), await client.next()];

  assert.deepEqual(
    [first, second].map(({ event, seq }) => [event, seq]),
    [
      ["presence", 1],
      ["health", 2],
    ],
  );
  assert.deepEqual(first.stateVersion, version);
  assert.deepEqual(second.stateVersion, { ...version, health: version.health + 1 });
  assert.deepEqual(Object.keys(first), ["type", "event", "payload", "stateVersion", "seq"]);
});

test("every client ticks every 30 seconds, nodes too", async () => {
  const operator = await gateway.connect();
  const worker = await gateway.connect({ ...node, device: newDeviceKey() });

  clock.advance(30_000);

  const [one, other] = await Promise.all([operator.nextOf("tick"), worker.nextOf("tick")]);
  const { ts } = one.payload;
  assert.deepEqual(one, { type: "event", event: "tick", payload: { ts }, seq: one.seq });
  assert.deepEqual(other.payload, { ts });
  assert.ok(FAKE_EPOCH < ts && ts <= clock.now());
});

test("health is refreshed and broadcast every minute", async () => {
  const client = await gateway.connect();
  clock.advance(COALESCE_MS);
  const { payload: before } = await client.nextOf("health");

  await gateway.pass(60_000);

  const { payload: later } = await client.nextOf("health");
  assert.ok(later.ts > before.ts);
});

test("numbers are each connection's own and without gaps, whatever the client may not see", async () => {
  const reader = await gateway.connect({ scopes: ["operator.read"] });
  const admin = await gateway.connect();
  clock.advance(COALESCE_MS);

  await gateway.connect({ device: newDeviceKey() });
  await admin.call("system-event", { text: "one" });
  await gateway.connect({ device: newDeviceKey() });
  await admin.call("system-event", { text: "two" });
  clock.advance(30_000);
  await Promise.all([reader.nextOf("tick"), admin.nextOf("tick")]);

  const [seen, all] = [eventsOf(reader), eventsOf(admin)];
  assert.deepEqual(
    seen.map(([, seq]) => seq),
    seen.map((_, index) => index + 1),
  );
  assert.deepEqual(
    all.map(([, seq]) => seq),
    all.map((_, index) => index + 1),
  );
  assert.ok(!seen.some(([event]) => event === "device.pair.resolved"));
  assert.equal(all.filter(([event]) => event === "device.pair.resolved").length, 2);
});

const RECEIVERS: readonly [who: string, handshake: object, expected: string[]][] = [
  ["an admin", {}, ["device.pair.resolved", "presence", "health", "tick"]],
  ["a reader", { scopes: ["operator.read"] }, ["presence", "health", "tick"]],
  ["a writer", { scopes: ["operator.write"] }, ["presence", "health", "tick"]],
  ["a pairer", { scopes: ["operator.pairing"] }, ["device.pair.resolved", "health", "tick"]],
  ["an approver", { scopes: ["operator.approvals"] }, ["health", "tick"]],
  ["who has no scopes", { protocol: 4, scopes: [] }, ["health", "tick"]],
  ["a node", node, ["health", "tick"]],
];
for (const [who, handshake, expected] of RECEIVERS) {
  test(`${who} receives ${expected.join(", ")} and nothing else`, async () => {
    const client = await gateway.connect({ ...handshake, device: newDeviceKey() });
    await gateway.connect({ device: newDeviceKey() });
    clock.advance(30_000);
    await client.nextOf("tick");

    const received = new Set(client.frames.filter(({ seq }) => seq !== undefined).map(({ event }) => event));

    assert.deepEqual([...received].toSorted(), expected.toSorted());
  });
}

test("a disconnect is told to those who may read", async () => {
  const reader = await gateway.connect({ scopes: ["operator.read"] });
  const leaving = await gateway.connect({ client: { id: "test", mode: "test", instanceId: "leaving-1" } });
  clock.advance(COALESCE_MS);
  await reader.nextOf("presence");

  leaving.socket.close();
  await leaving.closed;
  await reader.flushed();
  clock.advance(COALESCE_MS);

  const { payload } = await reader.nextOf("presence");
  const row = payload.presence.find((each: { instanceId?: string }) => each.instanceId === "leaving-1");
  assert.equal(row.reason, "disconnect");
});

test("a client that stays connected stays in the list; one that has left goes after five minutes", async () => {
  const admin = await gateway.connect();
  const staying = await gateway.connect({ client: { id: "test", mode: "test", instanceId: "staying" } });
  const leaving = await gateway.connect({ client: { id: "test", mode: "test", instanceId: "leaving-2" } });
  leaving.socket.close();
  await leaving.closed;
  await admin.flushed();

  await gateway.pass(6 * 60_000);

  const rows = await admin.call("system-presence");
  const names = rows.map(({ instanceId }: { instanceId?: string }) => instanceId);
  assert.ok(names.includes("staying"));
  assert.ok(!names.includes("leaving-2"));
  assert.equal(staying.socket.readyState, staying.socket.OPEN);
});

test("a client that answers no ping is gone after two more", async () => {
  const client = await gateway.connect({ client: { id: "test", mode: "test" } }, { ws: { autoPong: false } });

  for (let i = 0; i < 3; i++) clock.advance(30_000);

  assert.equal((await within(client.closed, "the end")).code, 1006);
});

const ROWS = 40;

/** Fills the presence list with rows of about 15 kB, so that one presence event carries more than half a megabyte. */
async function fillPresence(admin: Connected) {
  const names = (row: number) => Array.from({ length: 50 }, (_, i) => `${row} ${i} `.padEnd(100, "x"));
  for (let i = 0; i < ROWS; i++) {
    const [roles, scopes] = [names(i), names(i)];
    await admin.call("system-event", { text: `${i} `.padEnd(4_000, "x"), instanceId: `row ${i}`, roles, scopes });
  }
}

/** A gateway with an admin who fills its presence list, and a client that has read everything so far and now stops. */
async function withSlowReader() {
  const clock = new FakeClock();
  const gateway = await testGateway({ clock });
  const admin = await gateway.connect();
  await fillPresence(admin);
  const slow = await gateway.connect({ scopes: ["operator.read"] });
  clock.advance(COALESCE_MS);
  await slow.nextOf("health");
  slow.socket.pause();
  return { gateway, clock, admin, slow };
}

/** More than a socket and the gateway's buffer hold. */
async function publishTooMuch(admin: Connected) {
  for (let i = 0; i < 40; i++) await admin.call("system-event", { text: "news", instanceId: "news" });
}

test("a slow reader misses droppable events and sees the gap; the others miss nothing", async () => {
  const { gateway: busy, clock: time, admin, slow } = await withSlowReader();
  await using _ = busy;
  await publishTooMuch(admin);

  slow.socket.resume();
  await slow.nextOf("presence");
  const caughtUp = slow.flushed();
  const looking = setInterval(() => time.advance(COALESCE_MS), 100);
  await caughtUp.finally(() => clearInterval(looking));
  await admin.call("system-event", { text: "last", instanceId: "news" });
  await slow.flushed();

  const numbers = slow.frames.flatMap(({ seq }) => seq ?? []);
  const all = admin.frames.flatMap(({ seq }) => seq ?? []);
  assert.ok(numbers.length < 43);
  assert.equal(numbers.at(-1), 43);
  assert.deepEqual(
    all,
    all.map((_each, index) => index + 1),
  );
});

test("what replaces its predecessor is missed by a slow reader, and never a reason to close it", async () => {
  const { gateway: busy, clock: time, admin, slow } = await withSlowReader();
  await using _ = busy;
  await publishTooMuch(admin);

  for (let i = 0; i < 20; i++) await admin.call("health", { probe: true });
  for (let ms = 0; ms < 15_000; ms += 1_000) {
    time.advance(1_000);
    await admin.flushed();
  }
  slow.socket.resume();
  await slow.flushed();
  await admin.call("health", { probe: true });
  await slow.flushed();

  const counts = [slow, admin].map(({ frames }) => frames.filter(({ event }) => event === "presence").length);
  const versionsOf = (client: Connected) =>
    client.frames.flatMap(({ event, stateVersion }) => (event === "health" ? [stateVersion?.health] : []));
  assert.equal(slow.socket.readyState, slow.socket.OPEN);
  assert.ok(counts[0]! < counts[1]!, "nothing was dropped");
  assert.equal(versionsOf(slow).at(-1), versionsOf(admin).at(-1));
});

test("a slow reader of an event that must not be missed is closed with 1008", async () => {
  const { gateway: busy, admin, slow } = await withSlowReader();
  await using _ = busy;
  await publishTooMuch(admin);
  await admin.call("sessions.create", { key: "main" });

  for (let i = 0; i < 2; i++)
    await admin.call("chat.inject", { sessionKey: "main", message: "must not be missed".padEnd(900_000) });
  slow.socket.resume();

  assert.deepEqual(await within(slow.closed, "the end"), { code: 1008, reason: "slow consumer" });
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});

test("a client that does not read its answers is no longer read from, and closed when it stays so", async () => {
  const { gateway: busy, clock: time, admin, slow } = await withSlowReader();
  await using _ = busy;

  for (let i = 0; i < 200; i++) slow.send({ type: "req", id: `p${i}`, method: "system-presence" });
  await admin.flushed();
  for (let i = 0; i < 42; i++) {
    time.advance(250);
    await admin.flushed();
  }
  slow.socket.resume();

  assert.deepEqual(await within(slow.closed, "the end"), { code: 1008, reason: "slow consumer" });
  const answers = slow.frames.filter(({ type }) => type === "res").length;
  assert.ok(answers < 100, `${answers} answers were made for a client that reads none`);
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});

for (const chars of [1, 40, 60, 1_000, 65_300, 65_400, 65_536, 200_000]) {
  test(`an event whose text has ${chars} characters arrives whole at everybody`, async () => {
    const [one, other] = [await gateway.connect(), await gateway.connect()];
    const text = "é".repeat(chars);
    await one.call("sessions.create", { key: "main" });

    const inject = one.call("chat.inject", { sessionKey: "main", message: text });
    const events = await Promise.all([one.nextOf("chat"), other.nextOf("chat")]);
    await inject;

    assert.deepEqual(
      events.map(({ payload }) => payload.message.content[0].text),
      [text, text],
    );
  });
}
