import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../../../../../../test/fakes/clock.ts";
import { Bus } from "../../../base/bus.ts";
import { createLog } from "../../../base/log.ts";
import { Secrets } from "../../../base/privacy/secrets.ts";
import { openStore } from "../../../base/store/store.ts";
import type { Admission, DeviceRequest } from "../../../kit/admission.ts";
import type { Base } from "../../../kit/base.ts";
import { Devices } from "./devices.ts";
import { pairRequested, pairResolved } from "./events.ts";
import { tables } from "./tables.ts";

const MINUTE = 60_000;
const ADMIN = { scopes: new Set(["operator.admin"]) };
const READER = { scopes: new Set(["operator.read"]) };

/** Devices over a store in memory; `told` holds what others were told, in order. */
function open() {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-devices-"));
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const store = stack.use(openStore(":memory:", [tables]));
  const clock = new FakeClock();
  const bus = new Bus();
  const told: unknown[][] = [];
  bus.on(pairRequested, ({ deviceId }) => void told.push(["requested", deviceId]));
  bus.on(pairResolved, ({ deviceId, decision }) => void told.push([decision, deviceId]));
  const closed = Promise.withResolvers<unknown[]>();
  const host = { closeConnections: (...which: unknown[]) => closed.resolve(which) };
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const base = { stateDir, store, clock, bus, log, host } as unknown as Base;
  const devices = stack.use(new Devices(base));
  devices.observers.add({ ended: (deviceId) => void told.push(["ended", deviceId]) });
  return { devices, store, clock, told, closed: closed.promise, [Symbol.dispose]: () => stack.dispose() };
}

function request(more: Partial<DeviceRequest> = {}): DeviceRequest {
  return {
    deviceId: "phone",
    publicKey: "key of the phone",
    role: "operator",
    scopes: ["operator.write"],
    displayName: "My phone",
    platform: "ios",
    clientId: "app",
    clientMode: "ui",
    remoteIp: undefined,
    ...more,
  };
}

/** Pairs a device at once and gives its token. */
function pair(devices: Devices, more: Partial<DeviceRequest> = {}): string {
  const admission = devices.admit(request(more), { silent: true });
  assert.equal(admission.kind, "admitted");
  return (admission as Admission & { kind: "admitted" }).token;
}

/** Asks for a device that waits, and gives the id of its request. */
function ask(devices: Devices, more: Partial<DeviceRequest> = {}): string {
  const admission = devices.admit(request(more), { silent: false });
  assert.equal(admission.kind, "pairing-required");
  return (admission as Admission & { kind: "pairing-required" }).requestId;
}

/** Whether the phone's token is valid for a role and scopes. */
function isValid(devices: Devices, token: string, more: Partial<DeviceRequest> = {}): boolean {
  return devices.verifyToken(token, request(more));
}

const LACKING: readonly [about: string, more: Partial<DeviceRequest>, reason: string | undefined][] = [
  ["that asks for what it has is let in", {}, undefined],
  ["that asks for less is let in", { scopes: ["operator.read"] }, undefined],
  ["that asks for more waits", { scopes: ["operator.admin"] }, "scope-upgrade"],
  ["that asks for another role waits", { role: "node", scopes: [] }, "role-upgrade"],
  ["with another key is a new device", { publicKey: "key of a thief" }, "not-paired"],
  ["that nobody knows is a new device", { deviceId: "tablet" }, "not-paired"],
];
for (const [about, more, reason] of LACKING) {
  test(`a device ${about}`, () => {
    using opened = open();
    const { devices } = opened;
    pair(devices);

    const admission = devices.admit(request(more), { silent: false });

    assert.equal("reason" in admission ? admission.reason : undefined, reason);
  });
}

test("a device that waits is told what it asked for and what it has", () => {
  using opened = open();
  const { devices } = opened;
  pair(devices);

  const admission = devices.admit(request({ scopes: ["operator.admin"] }), { silent: false });

  assert.deepEqual(admission, {
    kind: "pairing-required",
    reason: "scope-upgrade",
    requestId: devices.list().pending[0]?.requestId,
    deviceId: "phone",
    requestedRole: "operator",
    requestedScopes: ["operator.admin"],
    approvedRoles: ["operator"],
    approvedScopes: ["operator.write"],
  });
});

test("a device that asks again has one request, and its operators hear of it once", () => {
  using opened = open();
  const { devices, told } = opened;

  const asked = [ask(devices), ask(devices)];

  assert.equal(asked[0], asked[1]);
  assert.deepEqual(told, [["requested", "phone"]]);
});

test("a request waits for five minutes", () => {
  using opened = open();
  const { devices, clock } = opened;
  const requestId = ask(devices);

  clock.advance(5 * MINUTE);
  const inTime = devices.list().pending.map((each) => each.requestId);
  clock.advance(1);

  assert.deepEqual(inTime, [requestId]);
  assert.throws(() => devices.approve(requestId, ADMIN), { code: "INVALID_REQUEST", message: "unknown requestId" });
  assert.deepEqual(devices.list().pending, []);
});

test("a list of devices writes nothing, although a request is over", () => {
  using opened = open();
  const { devices, store, clock } = opened;
  ask(devices);
  clock.advance(6 * MINUTE);
  const { writes } = store;

  devices.list();

  assert.equal(store.writes, writes);
});

test("of more than 64 requests the oldest make room", () => {
  using opened = open();
  const { devices, clock } = opened;
  const ids = Array.from({ length: 66 }, (_, index) => {
    clock.advance(1);
    return ask(devices, { deviceId: `device ${index}` });
  });

  const waiting = devices.list().pending.map(({ requestId }) => requestId);

  assert.deepEqual(waiting, ids.slice(2).reverse());
});

test("an approved device is listed with what was asked for, and is let in", () => {
  using opened = open();
  const { devices, told } = opened;

  const { device } = devices.approve(ask(devices), ADMIN);

  assert.deepEqual(device, {
    deviceId: "phone",
    publicKey: "key of the phone",
    displayName: "My phone",
    platform: "ios",
    clientId: "app",
    clientMode: "ui",
    role: "operator",
    roles: ["operator"],
    scopes: ["operator.write"],
    tokens: [{ role: "operator", scopes: ["operator.write"], createdAtMs: FAKE_EPOCH }],
    createdAtMs: FAKE_EPOCH,
    approvedAtMs: FAKE_EPOCH,
  });
  assert.deepEqual(devices.list(), { pending: [], paired: [device] });
  assert.equal(devices.admit(request(), { silent: false }).kind, "admitted");
  assert.deepEqual(told, [
    ["requested", "phone"],
    ["approved", "phone"],
  ]);
});

test("a rejected request is gone, and its device is none", () => {
  using opened = open();
  const { devices, told } = opened;
  const requestId = ask(devices);

  const answer = devices.reject(requestId);

  assert.deepEqual(answer, { requestId, deviceId: "phone" });
  assert.deepEqual(devices.list(), { pending: [], paired: [] });
  assert.deepEqual(told.at(-1), ["rejected", "phone"]);
});

const BEYOND: readonly [about: string, act: (devices: Devices) => unknown][] = [
  [
    "approve a request",
    (devices) => devices.approve(ask(devices, { scopes: ["operator.write", "operator.admin"] }), READER),
  ],
  ["rotate a token", (devices) => devices.rotate("phone", "operator", ["operator.read"], READER)],
  ["revoke a token", (devices) => devices.revoke("phone", "operator", READER)],
  ["remove a device", (devices) => devices.remove("phone", READER)],
];
for (const [about, act] of BEYOND) {
  test(`nobody may ${about} with scopes that they do not hold`, () => {
    using opened = open();
    const token = pair(opened.devices);

    assert.throws(() => act(opened.devices), {
      code: "INVALID_REQUEST",
      message: "missing scope: operator.write",
      details: { code: "MISSING_SCOPE", missingScope: "operator.write" },
    });
    assert.equal(isValid(opened.devices, token), true);
  });
}

const UNKNOWN: readonly [about: string, act: (devices: Devices) => unknown, message: string][] = [
  ["approving", (devices) => devices.approve("none", ADMIN), "unknown requestId"],
  ["rejecting", (devices) => devices.reject("none"), "unknown requestId"],
  ["rotating for a device", (devices) => devices.rotate("none", "operator", undefined, ADMIN), "unknown deviceId/role"],
  ["rotating for a role", (devices) => devices.rotate("phone", "node", undefined, ADMIN), "unknown deviceId/role"],
  ["revoking", (devices) => devices.revoke("phone", "node", ADMIN), "unknown deviceId/role"],
  ["removing", (devices) => devices.remove("none", ADMIN), "unknown deviceId"],
  [
    "rotating to more scopes",
    (devices) => devices.rotate("phone", "operator", ["operator.admin"], ADMIN),
    "scopes exceed what is approved for this device",
  ],
];
for (const [about, act, message] of UNKNOWN) {
  test(`${about} says "${message}" when that is so`, () => {
    using opened = open();
    pair(opened.devices);

    assert.throws(() => act(opened.devices), { code: "INVALID_REQUEST", message });
  });
}

const VALID: readonly [about: string, more: Partial<DeviceRequest>, valid: boolean][] = [
  ["its device, role and scopes", {}, true],
  ["fewer scopes", { scopes: ["operator.read"] }, true],
  ["no scopes", { scopes: [] }, true],
  ["more scopes", { scopes: ["operator.write", "operator.pairing"] }, false],
  ["another role", { role: "node" }, false],
  ["another device", { deviceId: "tablet" }, false],
  ["another key of the device", { publicKey: "key of a thief" }, false],
];
for (const [about, more, valid] of VALID) {
  test(`a token is ${valid ? "valid" : "not valid"} for ${about}`, () => {
    using opened = open();
    const token = pair(opened.devices);
    pair(opened.devices, { deviceId: "tablet", publicKey: "key of the tablet" });

    assert.equal(isValid(opened.devices, token, more), valid);
  });
}

test("a rotated token ends the old one and its connections", async () => {
  using opened = open();
  const { devices, clock, closed } = opened;
  const old = pair(devices);
  clock.advance(MINUTE);

  const { token, ...answer } = devices.rotate("phone", "operator", ["operator.read"], ADMIN);

  assert.deepEqual(answer, {
    deviceId: "phone",
    role: "operator",
    scopes: ["operator.read"],
    rotatedAtMs: FAKE_EPOCH + MINUTE,
  });
  assert.deepEqual(
    [old, token].map((each) => isValid(devices, each, { scopes: [] })),
    [false, true],
  );
  assert.equal(isValid(devices, token), false);
  assert.deepEqual(await closed, [
    { deviceId: "phone", role: "operator", byTokenOnly: true },
    "client invalidated: device token rotated",
  ]);
});

test("a revoked token ends, its observers hear of it, and the next let in gets another one", async () => {
  using opened = open();
  const { devices, told, closed } = opened;
  const old = pair(devices);

  const answer = devices.revoke("phone", "operator", ADMIN);
  const held = devices.operatorScopes("phone");
  const next = pair(devices);

  assert.deepEqual(answer, { deviceId: "phone", role: "operator", revokedAtMs: FAKE_EPOCH });
  assert.equal(held, undefined);
  assert.deepEqual(
    [old, next].map((each) => isValid(devices, each)),
    [false, true],
  );
  assert.deepEqual(told.at(-1), ["ended", "phone"]);
  assert.deepEqual(await closed, [{ deviceId: "phone", role: "operator" }, "client invalidated: device token revoked"]);
});

test("a device that is removed and paired again does not get its old token back", async () => {
  using opened = open();
  const { devices, told, closed } = opened;
  const old = pair(devices);

  const answer = devices.remove("phone", ADMIN);
  const wasValid = isValid(devices, old);
  const next = pair(devices);

  assert.deepEqual(answer, { deviceId: "phone", removed: true });
  assert.equal(wasValid, false);
  assert.notEqual(next, old);
  assert.equal(isValid(devices, old), false);
  assert.deepEqual(told.slice(1, 2), [["ended", "phone"]]);
  assert.deepEqual(await closed, [{ deviceId: "phone" }, "client invalidated: device removed"]);
});

test("a device that connects again keeps its token", () => {
  using opened = open();

  assert.equal(pair(opened.devices), pair(opened.devices));
});

test("a node's token has no scopes", () => {
  using opened = open();
  const { devices } = opened;

  const admission = devices.admit(request({ role: "node", scopes: [] }), { silent: true });

  assert.deepEqual(admission.kind === "admitted" && admission.scopes, []);
  assert.equal(devices.operatorScopes("phone"), undefined);
});

test("the last use of a token is written within a minute", () => {
  using opened = open();
  const { devices, clock } = opened;
  const token = pair(devices);
  const lastUse = () => devices.list().paired[0]?.tokens[0]?.lastUsedAtMs;

  isValid(devices, token);
  clock.advance(MINUTE - 1);
  const before = lastUse();
  clock.advance(1);

  assert.equal(before, undefined);
  assert.equal(lastUse(), FAKE_EPOCH);
});

test("a device is shown with the facts of its last connection", () => {
  using opened = open();
  const { devices } = opened;
  pair(devices, { remoteIp: "192.0.2.7" });

  pair(devices, { displayName: undefined, platform: "android" });

  const [shown] = devices.list().paired;
  assert.deepEqual([shown?.displayName, shown?.platform, shown?.remoteIp], ["My phone", "android", "192.0.2.7"]);
});
