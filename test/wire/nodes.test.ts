// Nodes on the wire: pairing, the approval of commands, calls with one deadline, and what a node may not do.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type DeviceKey, newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

interface NodeOptions {
  readonly protocol?: 3 | 4;
  readonly platform?: string;
  readonly commands?: readonly string[];
  readonly name?: string;
}

let keys = 0;

async function connectNode(device: DeviceKey, options: NodeOptions = {}) {
  const { protocol = 3, platform = "linux", commands = ["system.run", "system.which"], name = "box" } = options;
  return await gateway.connect({
    ...{ device, role: "node", protocol, caps: ["system"] },
    spoil: (params) => ({ ...params, commands: [...commands] }),
    ...(protocol === 4 && { sign: "v3" as const }),
    client: { id: "node-host", mode: "node", platform, displayName: name },
  });
}

function invoke(client: WireClient, nodeId: string, command: string, more: object = {}) {
  return client.request("node.invoke", { nodeId, command, params: { a: 1 }, idempotencyKey: `k${++keys}`, ...more });
}

test("a node of protocol 3 is listed and called, and its answer comes back as value and as text", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const greeting = await node.nextOf("voicewake.changed");

  const answer = invoke(admin, device.id, "system.which", { timeoutMs: 20_000 });
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const told = await node.call("node.invoke.result", {
    ...{ id: asked.id, nodeId: device.id, ok: true, payloadJSON: '{"bins":{}}' },
  });
  const { payload } = await answer;
  const late = await node.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true });

  assert.deepEqual(greeting.payload, { triggers: ["clawd", "claude", "computer"] });
  assert.deepEqual([asked.command, asked.paramsJSON, asked.timeoutMs], ["system.which", '{"a":1}', 20_000]);
  assert.deepEqual(payload.payload, { bins: {} });
  assert.equal(payload.payloadJSON, '{"bins":{}}');
  assert.deepEqual([told, late], [{ ok: true }, { ok: true, ignored: true }]);
});

test("three refusals say what to do: not connected, not declared, not allowed", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device, { platform: "iOS 18.2", commands: ["camera.snap", "system.run"] });
  const undeclared = await invoke(admin, device.id, "location.get");
  const forbidden = await invoke(admin, device.id, "system.run");
  node.socket.close();
  const nodes = async () =>
    (await admin.call("node.list", {})).nodes.find((each: { nodeId: string }) => each.nodeId === device.id);
  while ((await nodes()).connected) await admin.nextOf("node.presence");
  const away = await invoke(admin, device.id, "camera.snap");
  const unknown = await invoke(admin, "nobody-here", "camera.snap");

  assert.equal(undeclared.error?.details?.reason, "command not declared by node");
  assert.equal(forbidden.error?.details?.reason, "command not allowlisted");
  assert.match(String(forbidden.error?.details?.fix), /gateway\.nodes\.commands\.allow/);
  assert.deepEqual([away.error?.code, away.error?.message], ["UNAVAILABLE", "node not connected"]);
  assert.equal(away.error?.details?.code, "NOT_CONNECTED");
  assert.deepEqual(unknown.error?.details, { code: "NOT_CONNECTED" });
});

test("commands of a node of protocol 4 wait for approval, a wider declaration again, and protocol 3 is no way around", async () => {
  const device = newDeviceKey();
  await connectNode(device, { protocol: 4, commands: ["system.which"] });
  const refused = await invoke(admin, device.id, "system.which");
  const before = await admin.call("node.describe", { nodeId: device.id });
  const pairing = await gateway.connect({ protocol: 4, scopes: ["operator.pairing", "operator.write"] });
  const notAllowed = await pairing.request("node.pair.approve", { requestId: before.pendingRequestId });
  const { node: approved } = await admin.call("node.pair.approve", { requestId: before.pendingRequestId });
  await connectNode(device, { protocol: 3, commands: ["system.which", "system.run"] });
  const wider = await admin.call("node.describe", { nodeId: device.id });

  assert.equal(refused.error?.details?.reason, "command not approved");
  assert.match(String(refused.error?.details?.fix), /moltbot nodes approve /);
  assert.deepEqual([before.approvalState, before.commands], ["pending-approval", []]);
  assert.equal(notAllowed.error?.message, "missing scope: operator.admin");
  assert.deepEqual(approved.commands, ["system.which"]);
  assert.deepEqual([wider.approvalState, wider.commands], ["pending-reapproval", ["system.which"]]);
});

test("a disconnect ends all calls of the node at once, and a new connection of the device replaces the old one", async () => {
  const device = newDeviceKey();
  const first = await connectNode(device);
  const calls = [invoke(admin, device.id, "system.run"), invoke(admin, device.id, "system.which")];
  await first.nextOf("node.invoke.request");
  await first.nextOf("node.invoke.request");

  const second = await connectNode(device);
  const ended = await Promise.all(calls);
  const answer = invoke(admin, device.id, "system.which");
  const { payload: asked } = await second.nextOf("node.invoke.request");
  await second.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true, payloadJSON: "{}" });

  assert.deepEqual(
    ended.map(({ error }) => error?.message),
    ["Error: node disconnected (system.run)", "Error: node disconnected (system.which)"],
  );
  assert.equal((await answer).ok, true);
});

test("a node cannot answer for another, and a failure is told in the node's words", async () => {
  const device = newDeviceKey();
  const other = newDeviceKey();
  const node = await connectNode(device);
  const stranger = await connectNode(other, { name: "other" });
  const answer = invoke(admin, device.id, "system.run");
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const result = { id: asked.id, ok: true, payloadJSON: '"forged"' };

  const asItself = await stranger.call("node.invoke.result", { ...result, nodeId: other.id });
  const asTheOther = await stranger.request("node.invoke.result", { ...result, nodeId: device.id });
  await node.call("node.invoke.result", {
    ...{ id: asked.id, nodeId: device.id, ok: false },
    error: { code: "UNAVAILABLE", message: "SYSTEM_RUN_DENIED: approval required" },
  });
  const { error } = await answer;

  assert.deepEqual(asItself, { ok: true, ignored: true });
  assert.equal(asTheOther.error?.message, "nodeId mismatch");
  assert.equal(error?.message, "SYSTEM_RUN_DENIED: approval required");
});

test("a repeated call joins the first one, and one that nobody answers ends at its deadline", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const key = { idempotencyKey: "the-same", timeoutMs: 60_000 };
  const calls = [invoke(admin, device.id, "system.run", key), invoke(admin, device.id, "system.run", key)];
  const { payload: asked } = await node.nextOf("node.invoke.request");
  await node.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true, payloadJSON: '{"n":1}' });
  const answers = await Promise.all(calls);
  const again = await invoke(admin, device.id, "system.run", key);
  const late = await invoke(admin, device.id, "system.which", { timeoutMs: 50 });

  assert.deepEqual(
    [...answers, again].map(({ payload }) => payload.payload),
    [{ n: 1 }, { n: 1 }, { n: 1 }],
  );
  assert.equal(late.error?.message, "node invoke timed out");
  assert.equal((late.error?.details?.nodeError as { code?: string } | undefined)?.code, "TIMEOUT");
});

test("approved from a caller is taken away; a decision covers exactly its program, once", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const writer = await gateway.connect({ scopes: ["operator.write"] });
  const program = { command: ["uname", "-a"], cwd: "/tmp" };
  const forged = { ...program, approved: true, approvalDecision: "allow-always" };
  const paramsOf = async (client: WireClient, params: object) => {
    const answer = invoke(client, device.id, "system.run", { params });
    const { payload: asked } = await node.nextOf("node.invoke.request");
    await node.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true, payloadJSON: "{}" });
    await answer;
    return JSON.parse(asked.paramsJSON);
  };
  const asked = admin.request("exec.approval.request", { command: "uname -a", cwd: "/tmp", host: "node" });
  const { payload: request } = await admin.nextOf("exec.approval.requested");
  await admin.call("exec.approval.resolve", { id: request.id, decision: "allow-once" });
  await asked;

  const byWriter = await paramsOf(writer, forged);
  const otherProgram = await paramsOf(admin, { ...forged, command: ["uname", "-r"] });
  const otherFolder = await paramsOf(admin, { ...forged, cwd: "/" });
  const covered = await paramsOf(admin, program);
  const spent = await paramsOf(admin, forged);

  assert.deepEqual(byWriter, program);
  assert.deepEqual(otherProgram, { ...program, command: ["uname", "-r"] });
  assert.deepEqual(otherFolder, { ...program, cwd: "/" });
  assert.deepEqual(covered, { ...program, approved: true, approvalDecision: "allow-once" });
  assert.deepEqual(spent, program);
});

test("the rules of a node are reached by administrators through their own methods only", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device, { commands: ["system.execApprovals.get", "system.execApprovals.set"] });
  const direct = await invoke(admin, device.id, "system.execApprovals.set");
  const answer = admin.request("exec.approvals.node.get", { nodeId: device.id });
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const file = { path: "/x", exists: false, hash: "h", file: { version: 1 } };
  await node.call("node.invoke.result", {
    ...{ id: asked.id, nodeId: device.id, ok: true, payloadJSON: JSON.stringify(file) },
  });

  assert.equal(direct.error?.details?.reason, "command reserved");
  assert.deepEqual([asked.command, asked.paramsJSON], ["system.execApprovals.get", "{}"]);
  assert.deepEqual((await answer).payload, file);
});

test("output comes in order to the caller of protocol 4, whatever order it is sent in", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const answer = invoke(admin, device.id, "system.run");
  const { payload: asked } = await node.nextOf("node.invoke.request");
  for (const seq of [1, 0, 2])
    await node.call("node.invoke.progress", { invokeId: asked.id, nodeId: device.id, seq, chunk: `piece ${seq}` });
  await node.call("node.invoke.result", { id: asked.id, nodeId: device.id, ok: true, payloadJSON: "{}" });
  await answer;
  const pieces = [];
  for (let count = 0; count < 3; count++) pieces.push((await admin.nextOf("node.invoke.progress")).payload.chunk);

  assert.deepEqual(pieces, ["piece 0", "piece 1", "piece 2"]);
});

test("a result of 20 MiB comes back", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const answer = invoke(admin, device.id, "system.run");
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const base64 = "A".repeat(20 * 1024 * 1024);
  await node.call("node.invoke.result", {
    ...{ id: asked.id, nodeId: device.id, ok: true, payloadJSON: JSON.stringify({ format: "jpg", base64 }) },
  });
  const { payload } = await answer;

  assert.equal(payload.payload.base64.length, base64.length);
  assert.equal(payload.payloadJSON, null);
});

test("a result of 26 MiB ends that node alone, and its call at once", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const other = newDeviceKey();
  const neighbour = await connectNode(other, { name: "neighbour" });
  const answer = invoke(admin, device.id, "system.run");
  const { payload: asked } = await node.nextOf("node.invoke.request");
  const params = { id: asked.id, nodeId: device.id, ok: true, payloadJSON: "A".repeat(26 * 1024 * 1024) };
  node.send({ type: "req", id: "large", method: "node.invoke.result", params });
  const { code } = await node.closed;
  const { error } = await answer;
  const next = invoke(admin, other.id, "system.which");
  const { payload: works } = await neighbour.nextOf("node.invoke.request");
  await neighbour.call("node.invoke.result", { id: works.id, nodeId: other.id, ok: true, payloadJSON: "{}" });

  assert.equal(code, 1009);
  assert.equal(error?.message, "Error: node disconnected (system.run)");
  assert.equal((await next).ok, true);
});

test("reports of a node: its load is told, an unknown one is no error", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device, { protocol: 4 });
  const stats = { cpuCount: 2, memoryTotalBytes: 8, memoryFreeBytes: 4 };
  const known = await node.call("node.event", { event: "node.host.stats", payloadJSON: JSON.stringify(stats) });
  const odd = await node.call("node.event", { event: "made.up", payload: {} });
  const { payload } = await admin.nextOf("node.hostStats");

  assert.deepEqual(known, { ok: true, event: "node.host.stats", handled: true });
  assert.deepEqual([odd.ok, odd.handled], [true, false]);
  assert.deepEqual(payload.hostStats, stats);
});

test("words that wake voice input are set, cleaned and told", async () => {
  const wrong = await admin.request("voicewake.set", { triggers: "x" });
  const { triggers } = await admin.call("voicewake.set", { triggers: ["  hey  ", "", 5] });
  const { payload } = await admin.nextOf("voicewake.changed");
  const usual = await admin.call("voicewake.set", { triggers: [] });

  assert.equal(wrong.error?.message, "voicewake.set requires triggers: string[]");
  assert.deepEqual([triggers, payload.triggers, usual.triggers], [["hey"], ["hey"], ["clawd", "claude", "computer"]]);
});

test("a node that was removed is gone, and must be approved again", async () => {
  const device = newDeviceKey();
  const node = await connectNode(device);
  const closed = node.closed;
  await admin.call("node.pair.remove", { nodeId: device.id });
  const { code } = await closed;

  assert.equal(code, 4001);
});
