// Calls that wait for a node that is away or asleep, small questions, cancel and input, reports, tokens of January 2026.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { FakePhone, type PhoneOptions, PICTURE } from "../support/fake-phone.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

let keys = 0;

function phone(options: Partial<PhoneOptions> = {}): Promise<FakePhone> {
  return FakePhone.connect({ url: gateway.url, token: gateway.token, ...options });
}

function invoke(nodeId: string, command: string, more: object = {}) {
  return admin.call("node.invoke", { nodeId, command, idempotencyKey: `w${++keys}`, ...more });
}

/** The end of a queued call, as operators hear of it. */
async function endOf(client: WireClient, id: string) {
  for (;;) {
    const { payload } = await client.nextOf("node.queue.changed");
    if (payload.call.id === id && !["waiting", "working"].includes(payload.call.state)) return payload.call;
  }
}

/** A node that was connected once and is away now. */
async function away(options: Partial<PhoneOptions> = {}) {
  const device = options.device ?? newDeviceKey();
  const before = await phone({ ...options, device });
  before.client.socket.close();
  const isThere = async () => (await admin.call("node.describe", { nodeId: device.id })).connected;
  while (await isThere()) await admin.nextOf("node.presence");
  return device;
}

test("a call for a node that is away waits, is done once when the node comes, and a repeat finds its result", async () => {
  const device = await away();
  const key = { idempotencyKey: "photo-when-back", queueForMs: 60_000 };

  const first = await invoke(device.id, "camera.snap", key);
  const again = await invoke(device.id, "camera.snap", key);
  const { waitingCalls } = await admin.call("node.describe", { nodeId: device.id });
  using back = await phone({ device });
  const ended = await endOf(admin, first.queued.id);
  const after = await invoke(device.id, "camera.snap", key);

  assert.deepEqual([first.queued.state, first.payload, waitingCalls], ["waiting", null, 1]);
  assert.equal(again.queued.id, first.queued.id);
  assert.deepEqual([ended.state, ended.payload.base64], ["done", PICTURE]);
  assert.equal(after.payload.base64, PICTURE);
  assert.equal(back.asked.length, 1);
});

test("a call for a phone in the background waits until its app is used again", async () => {
  using asleep = await phone({ platform: "android" });
  asleep.isInForeground = false;
  const { queued } = await invoke(asleep.nodeId, "camera.snap", { queueForMs: 60_000 });
  const unqueued = await admin.request("node.invoke", {
    ...{ nodeId: asleep.nodeId, command: "camera.snap", idempotencyKey: `w${++keys}` },
  });

  await asleep.report("node.presence.alive", { trigger: "background" });
  for (;;) {
    const { payload } = await admin.nextOf("node.queue.changed");
    if (payload.call.id === queued.id && payload.call.state === "working") break;
  }
  const { payload: stillAsleep } = await admin.nextOf("node.queue.changed");
  asleep.isInForeground = true;
  await asleep.report("node.presence.activity", { idleSeconds: 0 });
  const ended = await endOf(admin, queued.id);

  assert.match(unqueued.error?.message ?? "", /^NODE_BACKGROUND_UNAVAILABLE/);
  assert.deepEqual([stillAsleep.call.state, ended.state], ["waiting", "done"]);
});

test("what waits too long expires, what is taken back is not done, and a refusal of the node is told", async () => {
  const device = await away();
  const expiring = await invoke(device.id, "camera.snap", { queueForMs: 1_000 });
  const expired = await endOf(admin, expiring.queued.id);
  const taken = await invoke(device.id, "camera.snap", { queueForMs: 60_000 });
  const { call: cancelled } = await admin.call("node.queue.cancel", { id: taken.queued.id });
  const twice = await admin.request("node.queue.cancel", { id: taken.queued.id });
  const odd = await invoke(device.id, "made.up", { queueForMs: 60_000 });
  using back = await phone({ device });
  const failed = await endOf(admin, odd.queued.id);

  assert.deepEqual([expired.state, cancelled.state], ["expired", "cancelled"]);
  assert.match(twice.error?.message ?? "", /does not wait any more: it is cancelled/);
  assert.equal(failed.state, "failed");
  assert.match(failed.error, /command not declared by node; it offers: camera\.list/);
  assert.deepEqual(back.asked, []);
});

test("a node has 32 waiting calls at most, and a node that nobody knows has none", async () => {
  const device = await away();
  for (let count = 0; count < 32; count++) await invoke(device.id, "camera.snap", { queueForMs: 60_000 });
  const params = () => ({ command: "camera.snap", queueForMs: 60_000, idempotencyKey: `w${++keys}` });

  const full = await admin.request("node.invoke", { ...params(), nodeId: device.id });
  const unknown = await admin.request("node.invoke", { ...params(), nodeId: "nobody-here" });
  const reserved = await admin.request("node.invoke", {
    ...{ ...params(), nodeId: device.id, command: "system.execApprovals.set" },
  });
  await admin.call("node.pair.remove", { nodeId: device.id });
  const { calls } = await admin.call("node.queue.list", {});

  assert.match(full.error?.message ?? "", /too many calls wait already .*moltbot nodes queue/);
  assert.equal(unknown.error?.message, "node not connected");
  assert.equal(reserved.error?.details?.reason, "command reserved");
  const states = calls.filter((each: { nodeId: string }) => each.nodeId === device.id);
  assert.equal(states.length, 32);
  assert.ok(states.every((each: { state: string }) => each.state === "cancelled"));
});

test("an operator cancels a call, and its caller is told although the node says nothing", async () => {
  const device = newDeviceKey();
  const node = await gateway.connect({
    ...{ device, role: "node", protocol: 4, sign: "v3" as const },
    spoil: (params) => ({ ...params, commands: ["location.get"] }),
    client: { id: "node-host", mode: "node", platform: "iOS 18.2" },
  });
  const { pendingRequestId } = await admin.call("node.describe", { nodeId: device.id });
  await admin.call("node.pair.approve", { requestId: pendingRequestId });
  const answer = admin.request("node.invoke", { nodeId: device.id, command: "location.get", idempotencyKey: "c1" });
  const { payload: asked } = await node.nextOf("node.invoke.request");

  const { seq } = await admin.call("node.invoke.input", { idempotencyKey: "c1", payloadJSON: '{"more":1}' });
  const { payload: input } = await node.nextOf("node.invoke.input");
  const told = await admin.call("node.invoke.cancel", { idempotencyKey: "c1" });
  const { payload: cancel } = await node.nextOf("node.invoke.cancel");
  const { error } = await answer;
  const again = await admin.call("node.invoke.cancel", { idempotencyKey: "c1" });

  assert.deepEqual([seq, input], [0, { id: asked.id, nodeId: device.id, seq: 0, payloadJSON: '{"more":1}' }]);
  assert.deepEqual([told, again], [{ cancelled: true }, { cancelled: false }]);
  assert.equal(cancel.invokeId, asked.id);
  assert.equal(error?.details?.code, "CANCELLED");
});

test("small questions wait for a node: one of each type, taken by the node alone", async () => {
  const device = await away();
  const nodeId = device.id;
  await admin.call("node.pending.enqueue", { nodeId, type: "status.request" });
  const left = await admin.call("node.pending.enqueue", { nodeId, type: "location.request", priority: "high" });
  using back = await phone({ device });

  const pulled = await back.client.call("node.pending.pull", {});
  const acked = await back.client.call("node.pending.ack", { ids: [left.queued.id] });
  const drained = await back.client.call("node.pending.drain", { maxItems: 1 });

  assert.deepEqual([left.revision, left.wakeTriggered], [2, false]);
  assert.deepEqual(
    pulled.items.map(({ type }: { type: string }) => type),
    ["location.request", "status.request"],
  );
  assert.deepEqual(acked.ackedIds, [left.queued.id]);
  assert.deepEqual([drained.items.length, drained.hasMore, drained.revision], [1, false, 4]);
});

test("reports: a program that nobody asked for counts for nothing, and what is of no use here is said", async () => {
  const device = newDeviceKey();
  const node = await gateway.connect({
    ...{ device, role: "node", protocol: 4, sign: "v3" as const },
    spoil: (params) => ({ ...params, commands: ["system.run"] }),
    client: { id: "node-host", mode: "node", platform: "linux" },
  });
  const { pendingRequestId } = await admin.call("node.describe", { nodeId: device.id });
  await admin.call("node.pair.approve", { requestId: pendingRequestId });
  const report = (event: string, payload: object) =>
    node.call("node.event", { event, payloadJSON: JSON.stringify(payload) });

  const unasked = await report("exec.finished", { sessionKey: "main", output: "do as I say" });
  const params = { command: ["true"], runId: "r1", sessionKey: "main" };
  const answer = admin.call("node.invoke", { nodeId: device.id, command: "system.run", params, idempotencyKey: "e1" });
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const ofAnother = await report("exec.finished", { sessionKey: "main", runId: "r2" });
  const ours = await report("exec.finished", { sessionKey: "main", runId: "r1", exitCode: 0 });
  await node.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true, payloadJSON: "{}" });
  await answer;
  const unused = await report("notifications.changed", { change: "posted", key: "k" });
  const odd = await report("node.presence.alive", { trigger: "made up" });

  assert.deepEqual(
    [unasked, ofAnother, ours, unused, odd].map(({ handled, reason }) => reason ?? handled),
    ["unmatched_exec_event", "unmatched_exec_event", true, "unsupported_event", "invalid_payload"],
  );
});

test("a token of January 2026 is asked for, approved once, verified, and gone with its node", async () => {
  const old = await gateway.connect({ scopes: ["operator.pairing"] });
  const facts = { nodeId: "old-node", displayName: "Old node", platform: "darwin", commands: ["system.run"] };
  const { request, created } = await old.call("node.pair.request", facts);
  const again = await old.call("node.pair.request", facts);
  const { token, node } = await old.call("node.pair.approve", { requestId: request.requestId });
  const twice = await old.request("node.pair.approve", { requestId: request.requestId });

  const good = await old.call("node.pair.verify", { nodeId: "old-node", token });
  const bad = await old.call("node.pair.verify", { nodeId: "old-node", token: "guessed" });
  await old.call("node.rename", { nodeId: "old-node", displayName: "Attic" });
  const { paired } = await old.call("node.pair.list", {});
  await old.call("node.pair.remove", { nodeId: "old-node" });
  const removed = await old.call("node.pair.verify", { nodeId: "old-node", token });

  assert.deepEqual([created, again.created, again.request], [true, false, request]);
  assert.match(token, /^[0-9a-f]{32}$/);
  assert.equal(node.token, token);
  assert.equal(twice.error?.message, "unknown requestId");
  assert.deepEqual([node.nodeId, good.ok, good.node.displayName, bad], ["old-node", true, "Old node", { ok: false }]);
  assert.equal(paired.find((each: { nodeId: string }) => each.nodeId === "old-node").displayName, "Attic");
  assert.deepEqual(removed, { ok: false });
});

test("a node may not call the methods of operators; the words that wake it are told after hello-ok", async () => {
  using there = await phone();
  const greeting = await there.client.nextOf("voicewake.changed");
  const asked = await there.client.request("voicewake.get", {});

  assert.deepEqual(greeting.payload, { triggers: ["clawd", "claude", "computer"] });
  assert.equal(asked.error?.message, "unauthorized role: node");
});

test("a call that only looks and was at work when the gateway stopped is sent again after its start", async () => {
  await using own = await testGateway();
  const operator = await own.connect({ protocol: 4, scopes: ["operator.admin"] });
  const device = newDeviceKey();
  const there = () => FakePhone.connect({ url: own.url, token: own.token, device });
  using silent = await there();
  silent.isInForeground = false;
  const call = { nodeId: device.id, command: "camera.snap", queueForMs: 600_000, idempotencyKey: "look" };
  const { queued } = await operator.call("node.invoke", call);
  silent.isSilent = true;
  await silent.report("node.presence.alive", { trigger: "manual" });
  while ((await operator.nextOf("node.queue.changed")).payload.call.state !== "working");

  await own.stop();
  await own.start();
  const later = await own.connect({ protocol: 4, scopes: ["operator.admin"] });
  using back = await there();
  const { state } = await endOf(later, queued.id);

  assert.equal(state, "done");
  assert.deepEqual([silent.asked.length, back.asked.length], [2, 1]);
});
