// Pairing (protocol sections 2.6, 5.16 and 8.1): who is let in at once, who waits, and what an approval grants.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { type DeviceKey, newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { Handshake } from "../support/wire-client.ts";

const PROXY = "127.0.0.1";
const clock = new FakeClock();
const gateway = await testGateway({
  clock,
  config: `{ gateway: { trustedProxies: ["${PROXY}"] } }`,
});
after(() => gateway[Symbol.asyncDispose]());

/** A loopback socket that has come through a proxy: from elsewhere. */
const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };

const admin = await gateway.connect();

/** Tries to connect from elsewhere; returns the id of the request that was filed or found. */
async function requestPairing(handshake: Handshake): Promise<string> {
  const { error } = await gateway.refused(handshake, remote);
  assert.equal(error?.code, "NOT_PAIRED");
  return error.details?.requestId as string;
}

/** A device that the owner has approved from elsewhere. */
async function approvedDevice(handshake: Handshake = {}): Promise<DeviceKey> {
  const device = newDeviceKey();
  await admin.call("device.pair.approve", { requestId: await requestPairing({ ...handshake, device }) });
  return device;
}

async function pendingOf(device: DeviceKey) {
  const { pending } = await admin.call("device.pair.list");
  return pending.filter((request: { deviceId: string }) => request.deviceId === device.id);
}

async function pairedDevice(device: DeviceKey) {
  const { paired } = await admin.call("device.pair.list");
  return paired.find((each: { deviceId: string }) => each.deviceId === device.id);
}

test("a local device with the token is paired at once, and operators are told", async () => {
  const device = newDeviceKey();

  const client = await gateway.connect({ device, client: { id: "test", mode: "test", displayName: "Desk" } });

  assert.equal(client.hello.type, "hello-ok");
  const { payload } = await admin.nextOf("device.pair.resolved");
  assert.deepEqual(payload, {
    requestId: payload.requestId,
    deviceId: device.id,
    decision: "approved",
    ts: clock.now(),
  });
  assert.deepEqual(await pairedDevice(device), {
    deviceId: device.id,
    publicKey: device.publicKey,
    displayName: "Desk",
    platform: "linux",
    clientId: "test",
    clientMode: "test",
    role: "operator",
    roles: ["operator"],
    scopes: ["operator.admin"],
    tokens: [{ role: "operator", scopes: ["operator.admin"], createdAtMs: FAKE_EPOCH }],
    createdAtMs: FAKE_EPOCH,
    approvedAtMs: FAKE_EPOCH,
  });
});

test("a local node with the token is paired at once", async () => {
  const device = newDeviceKey();

  const { hello } = await gateway.connect({ device, role: "node", client: { id: "node-host", mode: "node" } });

  assert.deepEqual([hello.auth.role, hello.auth.scopes], ["node", []]);
});

test("a device from elsewhere must be approved, even with the token; operators are asked", async () => {
  const device = newDeviceKey();

  const { error, closed } = await gateway.refused(
    { device, scopes: ["operator.read"], client: { id: "moltbot-ios", mode: "ui", displayName: "Phone" } },
    remote,
  );

  const { payload } = await admin.nextOf("device.pair.requested");
  assert.deepEqual(error, {
    code: "NOT_PAIRED",
    message: "pairing required",
    details: {
      code: "PAIRING_REQUIRED",
      reason: "not-paired",
      requestId: payload.requestId,
      deviceId: device.id,
      requestedRole: "operator",
      requestedScopes: ["operator.read"],
      approvedRoles: [],
      approvedScopes: [],
    },
  });
  assert.deepEqual(closed, { code: 1008, reason: "pairing required" });
  assert.deepEqual(payload, {
    requestId: payload.requestId,
    deviceId: device.id,
    publicKey: device.publicKey,
    displayName: "Phone",
    platform: "linux",
    clientId: "moltbot-ios",
    clientMode: "ui",
    remoteIp: "203.0.113.9",
    role: "operator",
    roles: ["operator"],
    scopes: ["operator.read"],
    silent: false,
    isRepair: false,
    ts: clock.now(),
  });
});

test("protocol 4 says what is missing, and how to grant it", async () => {
  const device = newDeviceKey();

  const { error, closed } = await gateway.refused({ protocol: 4, device, scopes: ["operator.read"] }, remote);

  const requestId = error?.details?.requestId;
  assert.equal(error?.message, "pairing required: device is not approved yet");
  assert.equal(
    error?.details?.remediationHint,
    `Approve it on the gateway's host: moltbot devices approve ${requestId}`,
  );
  assert.deepEqual(closed, {
    code: 1008,
    reason: `pairing required: device is not approved yet (requestId: ${requestId})`,
  });
});

test("the address of a device is the one that a trusted proxy gives; behind another proxy it has none", async () => {
  await using behindNone = await testGateway();
  const [trusted, untrusted] = [newDeviceKey(), newDeviceKey()];

  await requestPairing({ device: trusted });
  await behindNone.refused({ device: untrusted }, remote);
  const owner = await behindNone.connect();

  assert.equal((await pendingOf(trusted))[0].remoteIp, "203.0.113.9");
  assert.equal((await owner.call("device.pair.list")).pending[0].remoteIp, undefined);
});

test("from elsewhere the token alone does not let a client in without a device", async () => {
  const { error, closed } = await gateway.refused({}, remote);

  assert.deepEqual(error, {
    code: "NOT_PAIRED",
    message: "device identity required",
    details: { code: "DEVICE_IDENTITY_REQUIRED" },
  });
  assert.deepEqual(closed, { code: 1008, reason: "device identity required" });
});

test("a node needs a device, even when it is local", async () => {
  const { error } = await gateway.refused({ role: "node", client: { id: "node-host", mode: "node" } });

  assert.deepEqual([error?.code, error?.message], ["NOT_PAIRED", "device identity required"]);
});

test("asking again finds the request that waits, unchanged, and asks nobody again", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device, scopes: ["operator.read"] });
  await admin.nextOf("device.pair.requested");
  const asked = admin.frames.filter(({ event }) => event === "device.pair.requested").length;
  clock.advance(1_000);

  const again = await requestPairing({ device, scopes: ["operator.admin"] });

  assert.equal(again, requestId);
  const [pending] = await pendingOf(device);
  assert.deepEqual([pending.scopes, pending.ts], [["operator.read"], clock.now() - 1_000]);
  assert.equal(admin.frames.filter(({ event }) => event === "device.pair.requested").length, asked);
});

test("an approved device connects from elsewhere with the scopes it asked for", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device, scopes: ["operator.read"] });

  const approved = await admin.call("device.pair.approve", { requestId });
  const client = await gateway.connect({ device, scopes: ["operator.read"] }, remote);

  assert.equal(approved.requestId, requestId);
  assert.deepEqual(approved.device, await pairedDevice(device));
  assert.deepEqual(client.hello.auth.scopes, ["operator.read"]);
  assert.equal((await client.request("config.get")).error?.message, "missing scope: operator.admin");
});

test("an approval is told to operators", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device });
  await admin.flushed();
  const seen = admin.frames.length;

  await admin.call("device.pair.approve", { requestId });

  const resolved = admin.frames.slice(seen).find(({ event }) => event === "device.pair.resolved");
  assert.deepEqual(resolved?.payload, { requestId, deviceId: device.id, decision: "approved", ts: clock.now() });
});

test("a rejected request is gone, and told", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device });
  const seen = admin.frames.length;

  const answer = await admin.call("device.pair.reject", { requestId });

  assert.deepEqual(answer, { requestId, deviceId: device.id });
  assert.deepEqual(await pendingOf(device), []);
  const resolved = admin.frames.slice(seen).find(({ event }) => event === "device.pair.resolved");
  assert.deepEqual(resolved?.payload, { requestId, deviceId: device.id, decision: "rejected", ts: clock.now() });
});

for (const method of ["device.pair.approve", "device.pair.reject"]) {
  test(`${method} of an unknown request is refused`, async () => {
    const { error } = await admin.request(method, { requestId: "00000000-0000-4000-8000-000000000000" });

    assert.deepEqual(error, { code: "INVALID_REQUEST", message: "unknown requestId" });
  });
}

test("a request expires after five minutes; the next one is new", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device });

  await gateway.pass(5 * 60_000 + 1);

  const { error } = await admin.request("device.pair.approve", { requestId });
  assert.equal(error?.message, "unknown requestId");
  assert.deepEqual(await pendingOf(device), []);
  assert.notEqual(await requestPairing({ device }), requestId);
});

test("while a request waits, a local connect of that device waits too", async () => {
  const device = newDeviceKey();
  const requestId = await requestPairing({ device });

  const { error } = await gateway.refused({ device });

  assert.equal(error?.details?.requestId, requestId);
});

test("more scopes from elsewhere need another approval; the approved ones stay", async () => {
  const device = await approvedDevice({ scopes: ["operator.read"] });

  const { error } = await gateway.refused({ device, scopes: ["operator.read", "operator.admin"] }, remote);
  const client = await gateway.connect({ device, scopes: ["operator.read"] }, remote);

  assert.equal(error?.details?.reason, "scope-upgrade");
  assert.deepEqual(error?.details?.approvedScopes, ["operator.read"]);
  assert.deepEqual(client.hello.auth.scopes, ["operator.read"]);
  const [pending] = await pendingOf(device);
  assert.equal(pending.isRepair, true);
});

test("approved scopes add up", async () => {
  const device = await approvedDevice({ scopes: ["operator.read"] });
  const requestId = await requestPairing({ device, scopes: ["operator.pairing"] });

  await admin.call("device.pair.approve", { requestId });

  assert.deepEqual((await pairedDevice(device)).scopes, ["operator.pairing", "operator.read"]);
  const client = await gateway.connect({ device, scopes: ["operator.read", "operator.pairing"] }, remote);
  assert.equal((await client.request("device.pair.list")).ok, true);
});

test("approved write includes read, approved admin everything", async () => {
  const writer = await approvedDevice({ scopes: ["operator.write"] });
  const owner = await approvedDevice({ scopes: ["operator.admin"] });

  const reading = await gateway.connect({ device: writer, scopes: ["operator.read"] }, remote);
  const pairing = await gateway.connect({ device: owner, scopes: ["operator.pairing"] }, remote);

  assert.deepEqual(reading.hello.auth.scopes, ["operator.write"]);
  assert.equal((await reading.request("health")).ok, true);
  assert.equal((await pairing.request("device.pair.list")).ok, true);
});

test("another role from elsewhere needs another approval", async () => {
  const device = await approvedDevice({ scopes: ["operator.read"] });
  const asNode: Handshake = { device, role: "node", client: { id: "node-host", mode: "node" } };

  const { error } = await gateway.refused(asNode, remote);
  await admin.call("device.pair.approve", { requestId: error?.details?.requestId });
  const client = await gateway.connect(asNode, remote);

  assert.equal(error?.details?.reason, "role-upgrade");
  assert.equal(client.hello.auth.role, "node");
  assert.deepEqual((await pairedDevice(device)).roles, ["node", "operator"]);
});

test("an approval grants what was asked first, not what was asked later under the same request", async () => {
  const device = await approvedDevice({ scopes: ["operator.read"] });
  const requestId = await requestPairing({ device, scopes: ["operator.pairing"] });
  await requestPairing({ device, role: "node", client: { id: "node-host", mode: "node" } });

  await admin.call("device.pair.approve", { requestId });

  const { roles, scopes } = await pairedDevice(device);
  assert.deepEqual({ roles, scopes }, { roles: ["operator"], scopes: ["operator.pairing", "operator.read"] });
});

test("locally a paired device gets more scopes and roles without asking", async () => {
  const device = newDeviceKey();
  await gateway.connect({ device, scopes: ["operator.read"] });

  const more = await gateway.connect({ device, scopes: ["operator.write"] });
  const node = await gateway.connect({ device, role: "node", client: { id: "node-host", mode: "node" } });

  assert.deepEqual(more.hello.auth.scopes, ["operator.read", "operator.write"]);
  assert.equal(node.hello.auth.role, "node");
});

test("what is shown of a device follows its last connect", async () => {
  const device = await approvedDevice({ scopes: ["operator.read"], client: { displayName: "Old" } });

  await gateway.connect(
    { device, scopes: ["operator.read"], client: { displayName: "New", platform: "ios 26" } },
    remote,
  );

  const { displayName, platform, remoteIp } = await pairedDevice(device);
  assert.deepEqual(
    { displayName, platform, remoteIp },
    { displayName: "New", platform: "ios 26", remoteIp: "203.0.113.9" },
  );
});

test("whoever may pair cannot approve more than it holds itself", async () => {
  const pairer = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.pairing"] });
  const wanted = newDeviceKey();
  const requestId = await requestPairing({ device: wanted, scopes: ["operator.admin"] });

  const { error } = await pairer.request("device.pair.approve", { requestId });

  assert.equal(error?.message, "missing scope: operator.admin");
  assert.equal(await pairedDevice(wanted), undefined);
});

test("at most 64 requests wait; the oldest make room", async () => {
  const first = newDeviceKey();
  await requestPairing({ device: first });
  clock.advance(1);
  for (let i = 0; i < 64; i++) {
    await requestPairing({ device: newDeviceKey() });
    clock.advance(1);
  }

  const { pending } = await admin.call("device.pair.list");

  assert.equal(pending.length, 64);
  assert.deepEqual(await pendingOf(first), []);
});

test("requests are listed newest first", async () => {
  const { pending } = await admin.call("device.pair.list");

  const times = pending.map(({ ts }: { ts: number }) => ts);
  assert.deepEqual(
    times,
    times.toSorted((a: number, b: number) => b - a),
  );
});

const ELSEWHERE: readonly [what: string, headers: Record<string, string>][] = [
  ["a forwarded loopback address", { "X-Forwarded-For": "127.0.0.1" }],
  ["a Forwarded header", { Forwarded: "for=127.0.0.1" }],
  ["a Via header", { Via: "1.1 proxy" }],
  ["X-Real-IP", { "X-Real-IP": "127.0.0.1" }],
  ["X-Forwarded-Host", { "X-Forwarded-Host": "localhost" }],
  ["a foreign Host", { Host: "gw.example.com" }],
  ["a tailnet Host", { Host: "gw.tail1234.ts.net" }],
];
for (const [what, headers] of ELSEWHERE) {
  test(`${what} on a loopback socket makes it no longer local`, async () => {
    const { error } = await gateway.refused({ device: newDeviceKey() }, { headers });

    assert.equal(error?.message, "pairing required");
  });
}
