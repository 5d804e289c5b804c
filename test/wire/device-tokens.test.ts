// Device tokens (protocol sections 2.8 and 5.16): one for each role of a device, derived and never stored; rotation and
// revocation act at once.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock });
after(() => gateway[Symbol.asyncDispose]());

const admin = await gateway.connect();
const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };
const READ = ["operator.read"];
const MISMATCH = "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";

/** A device that has been paired locally, and its token. */
async function pairedDevice(scopes: readonly string[] = ["operator.admin"]) {
  const device = newDeviceKey();
  const { hello } = await gateway.connect({ device, scopes });
  return { device, token: hello.auth.deviceToken as string };
}

async function tokensOf(deviceId: string) {
  const { paired } = await admin.call("device.pair.list");
  return paired.find((each: { deviceId: string }) => each.deviceId === deviceId).tokens;
}

test("the token lets its device in, from elsewhere too, in either protocol", async () => {
  const { device, token } = await pairedDevice();

  const three = await gateway.connect({ device, token }, remote);
  const four = await gateway.connect({ protocol: 4, device, token: null, deviceToken: token, scopes: READ }, remote);

  assert.equal(three.hello.auth.deviceToken, token);
  assert.deepEqual(four.hello.auth, {
    deviceToken: token,
    role: "operator",
    scopes: READ,
    issuedAtMs: FAKE_EPOCH,
    method: "device-token",
  });
});

test("the token stays the same from connect to connect, whatever part of the grant is asked for", async () => {
  const { device, token } = await pairedDevice(["operator.read", "operator.write", "operator.pairing"]);

  const narrow = await gateway.connect({ device, scopes: READ });
  const wide = await gateway.connect({ device, scopes: ["operator.write", "operator.pairing"] });

  assert.equal(narrow.hello.auth.deviceToken, token);
  assert.equal(wide.hello.auth.deviceToken, token);
});

test("the token is no use to another device", async () => {
  const { token } = await pairedDevice();

  const { error } = await gateway.refused({ device: newDeviceKey(), token });

  assert.equal(error?.message, MISMATCH);
});

test("the token is no use without a device", async () => {
  const { token } = await pairedDevice();

  assert.equal((await gateway.refused({ token })).error?.message, MISMATCH);
});

test("the token of one role is no use for the other", async () => {
  const { device, token } = await pairedDevice();

  const { error } = await gateway.refused({ device, token, role: "node", client: { id: "node-host", mode: "node" } });

  assert.match(error?.message ?? "", /gateway token mismatch/);
});

test("the token does not grant scopes beyond those approved, not even locally", async () => {
  const { device, token } = await pairedDevice(READ);

  const { error } = await gateway.refused({ device, token, scopes: ["operator.admin"] });

  assert.equal(error?.message, MISMATCH);
});

test("a token that covers too little is told apart from a wrong one, so that nobody throws it away", async () => {
  const { device, token } = await pairedDevice(READ);
  const scopes = ["operator.read", "operator.write"];

  const four = await gateway.refused({ protocol: 4, device, token: null, deviceToken: token, scopes });
  const other = await gateway.refused({ protocol: 4, device: newDeviceKey(), token: null, deviceToken: token, scopes });

  assert.deepEqual(
    [four.error?.details?.code, other.error?.details?.code],
    ["AUTH_SCOPE_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH"],
  );
});

test("asking for nothing in protocol 3 means admin, which a lesser token does not cover", async () => {
  const { device, token } = await pairedDevice(READ);

  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
});

test("protocol 4 tells a wrong device token from a wrong shared one", async () => {
  const { device } = await pairedDevice();

  const { error } = await gateway.refused({ protocol: 4, device, token: null, deviceToken: "x".repeat(43) });

  assert.equal(error?.details?.code, "AUTH_DEVICE_TOKEN_MISMATCH");
});

test("rotation gives a new token; the old one and the connections that rest on it end at once", async () => {
  const { device, token } = await pairedDevice();
  const resting = await gateway.connect({ device, token });
  clock.advance(1_000);

  const rotated = await admin.call("device.token.rotate", { deviceId: device.id, role: "operator" });

  assert.deepEqual(rotated, {
    deviceId: device.id,
    role: "operator",
    token: rotated.token,
    scopes: ["operator.admin"],
    rotatedAtMs: clock.now(),
  });
  assert.notEqual(rotated.token, token);
  assert.deepEqual(await within(resting.closed, "the end"), {
    code: 4001,
    reason: "client invalidated: device token rotated",
  });
  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
  assert.equal((await gateway.connect({ device, token: rotated.token })).hello.auth.deviceToken, rotated.token);
});

test("a connection that rests on the shared token outlives its device's rotation", async () => {
  const { device } = await pairedDevice();
  const shared = await gateway.connect({ device });

  await admin.call("device.token.rotate", { deviceId: device.id, role: "operator" });
  await shared.flushed();

  assert.equal((await shared.request("last-heartbeat")).ok, true);
});

test("rotation may narrow the scopes but not widen them", async () => {
  const { device } = await pairedDevice(["operator.read", "operator.pairing"]);
  const rotate = (scopes: string[]) =>
    admin.request("device.token.rotate", { deviceId: device.id, role: "operator", scopes });

  const narrowed = await rotate(READ);
  const widened = await rotate(["operator.admin"]);

  assert.deepEqual(narrowed.payload.scopes, READ);
  assert.equal(widened.error?.message, "scopes exceed what is approved for this device");
  const refused = await gateway.refused({ device, token: narrowed.payload.token, scopes: ["operator.pairing"] });
  assert.equal(refused.error?.message, MISMATCH);
});

test("a connection may rotate its own token: it is answered, then ended", async () => {
  const { device, token } = await pairedDevice();
  const own = await gateway.connect({ device, token });

  const answer = await own.request("device.token.rotate", { deviceId: device.id, role: "operator" });

  assert.equal(answer.ok, true);
  assert.equal((await within(own.closed, "the end")).code, 4001);
});

test("a revoked token ends at once, and with it every connection of its device, however it was let in", async () => {
  const { device, token } = await pairedDevice();
  const resting = await gateway.connect({ device, token });
  const byShared = await gateway.connect({ device });

  const revoked = await admin.call("device.token.revoke", { deviceId: device.id, role: "operator" });

  assert.deepEqual(revoked, { deviceId: device.id, role: "operator", revokedAtMs: clock.now() });
  const closed = { code: 4001, reason: "client invalidated: device token revoked" };
  assert.deepEqual(await within(resting.closed, "the end"), closed);
  assert.deepEqual(await within(byShared.closed, "the end"), closed);
  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
  assert.equal((await tokensOf(device.id))[0].revokedAtMs, clock.now());
});

test("after a revocation the shared token issues a fresh one", async () => {
  const { device, token } = await pairedDevice();
  await admin.call("device.token.revoke", { deviceId: device.id, role: "operator" });

  const { hello } = await gateway.connect({ device });

  assert.notEqual(hello.auth.deviceToken, token);
  assert.equal((await gateway.connect({ device, token: hello.auth.deviceToken })).hello.type, "hello-ok");
  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
});

test("a removed device must be paired again; every connection of it ends", async () => {
  const { device, token } = await pairedDevice();
  const byToken = await gateway.connect({ device, token });
  const byShared = await gateway.connect({ device });

  const removed = await admin.call("device.pair.remove", { deviceId: device.id });

  assert.deepEqual(removed, { deviceId: device.id, removed: true });
  const closed = { code: 4001, reason: "client invalidated: device removed" };
  assert.deepEqual(await within(byToken.closed, "the end"), closed);
  assert.deepEqual(await within(byShared.closed, "the end"), closed);
  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
});

test("a device that was removed and paired again does not get its old token back", async () => {
  const { device, token } = await pairedDevice();
  await admin.call("device.pair.remove", { deviceId: device.id });

  const { hello } = await gateway.connect({ device });

  assert.notEqual(hello.auth.deviceToken, token);
  assert.equal((await gateway.refused({ device, token })).error?.message, MISMATCH);
});

const UNKNOWN: readonly [method: string, params: Record<string, unknown>, text: string][] = [
  ["device.token.rotate", { deviceId: "none", role: "operator" }, "unknown deviceId/role"],
  ["device.token.revoke", { deviceId: "none", role: "operator" }, "unknown deviceId/role"],
  ["device.pair.remove", { deviceId: "none" }, "unknown deviceId"],
];
for (const [method, params, text] of UNKNOWN) {
  test(`${method} of an unknown device is refused`, async () => {
    assert.deepEqual((await admin.request(method, params)).error, { code: "INVALID_REQUEST", message: text });
  });
}

test("a role that the device does not have cannot be rotated", async () => {
  const { device } = await pairedDevice();

  const { error } = await admin.request("device.token.rotate", { deviceId: device.id, role: "node" });

  assert.equal(error?.message, "unknown deviceId/role");
});

const FORBIDDEN: readonly [method: string, params: Record<string, unknown>][] = [
  ["device.token.rotate", {}],
  ["device.token.rotate", { scopes: ["operator.pairing"] }],
  ["device.token.revoke", {}],
];
for (const [method, params] of FORBIDDEN) {
  test(`whoever only pairs may not use ${method} ${JSON.stringify(params)} on an admin's device`, async () => {
    const { device, token } = await pairedDevice();
    const pairer = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.pairing"] });

    const { error } = await pairer.request(method, { deviceId: device.id, role: "operator", ...params });

    assert.equal(error?.message, "missing scope: operator.admin");
    assert.equal((await gateway.connect({ device, token })).hello.auth.deviceToken, token);
  });
}

test("whoever only pairs may not remove an admin's device", async () => {
  const { device } = await pairedDevice();
  const pairer = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.pairing"] });

  const { error } = await pairer.request("device.pair.remove", { deviceId: device.id });

  assert.equal(error?.message, "missing scope: operator.admin");
});

test("the list shows when a token was made, rotated and last used, never the token", async () => {
  const { device, token } = await pairedDevice(READ);
  await gateway.connect({ device, token, scopes: READ });
  const usedAt = clock.now();
  await gateway.pass(60_000);
  const rotated = await admin.call("device.token.rotate", { deviceId: device.id, role: "operator" });

  const tokens = await tokensOf(device.id);

  assert.deepEqual(tokens, [
    {
      role: "operator",
      scopes: READ,
      createdAtMs: tokens[0].createdAtMs,
      rotatedAtMs: rotated.rotatedAtMs,
      lastUsedAtMs: usedAt,
    },
  ]);
});

test("a restart forgets nothing", async () => {
  const { device, token } = await pairedDevice(READ);

  await gateway.stop();
  await gateway.start();

  const { hello } = await gateway.connect({ device, token, scopes: READ }, remote);
  assert.equal(hello.auth.deviceToken, token);
});

test("no file of the state folder holds a device token, and only its owner can read them", async () => {
  const { token } = await pairedDevice();
  await gateway.stop();

  const files = readdirSync(gateway.stateDir, { recursive: true, encoding: "utf8" })
    .map((name) => join(gateway.stateDir, name))
    .filter((path) => statSync(path).isFile());

  const holding = files.filter((path) => readFileSync(path).includes(token));
  const open = files.filter((path) => (statSync(path).mode & 0o077) !== 0);
  assert.ok(files.length >= 3);
  assert.deepEqual({ holding, open }, { holding: [], open: [] });
  assert.equal(statSync(gateway.stateDir).mode & 0o777, 0o700);
});
