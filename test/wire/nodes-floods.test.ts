// Many requests for pairing, and nodes that answer what they were not asked, out of order, or over a connection that was replaced.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { eventually } from "../support/time-limit.ts";

const gateway = await testGateway({
  config: JSON.stringify({ canvasHost: { enabled: false }, gateway: { trustedProxies: ["127.0.0.1"] } }),
});
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

/** A device that nobody knows asks from an address; returns the id under which it waits. */
async function ask(address: string, device = newDeviceKey()): Promise<string> {
  const client = { id: "node-host", mode: "node", displayName: address };
  const { error } = await gateway.refused(
    { device, role: "node", client },
    { headers: { "X-Forwarded-For": address } },
  );
  return String(error?.details?.requestId);
}

async function flood(count: number, addressOf: (index: number) => string): Promise<void> {
  for (let from = 0; from < count; from += 20)
    await Promise.all(Array.from({ length: Math.min(20, count - from) }, (_, at) => ask(addressOf(from + at))));
}

for (const [what, addressOf] of [
  ["one address", () => "198.51.100.66"],
  ["one network of IPv6", (index: number) => `2001:db8:6:6::${(index + 1).toString(16)}`],
] as const)
  test(`requests for pairing from ${what} push out no request from elsewhere, and their list stays short`, async () => {
    const owners = [await ask("203.0.113.9"), await ask("2001:db8:1:1::9")];

    await flood(200, addressOf);
    const { pending } = await admin.call("device.pair.list");
    const list = await admin.call("node.pair.list", {});
    const approved = await Promise.all(owners.map((requestId) => admin.request("node.pair.approve", { requestId })));

    assert.equal(pending.length, 64);
    assert.equal(list.pending.filter(({ kind }: { kind: string }) => kind === "device").length, 64);
    assert.deepEqual(
      approved.map(({ ok }) => ok),
      [true, true],
    );
  });

/** A node of protocol 4 whose commands are approved. */
async function node(displayName: string, commands = ["system.which"], device = newDeviceKey()) {
  const client = await gateway.connect({
    ...{ device, role: "node", protocol: 4, sign: "v3" },
    spoil: (params) => ({ ...params, commands }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName },
  });
  const { pending } = await admin.call("node.pair.list", {});
  const mine = pending.find(({ nodeId }: { nodeId: string }) => nodeId === device.id);
  if (mine) await admin.call("node.pair.approve", { requestId: mine.requestId });
  return { client, device };
}

let keys = 0;
async function asked({ client, device }: Awaited<ReturnType<typeof node>>) {
  const idempotencyKey = `f${++keys}`;
  const call = { nodeId: device.id, command: "system.which", params: {}, timeoutMs: 30_000, idempotencyKey };
  const answer = admin.request("node.invoke", call);
  const { payload } = await client.nextOf("node.invoke.request");
  return { id: payload.id as string, answer, idempotencyKey };
}

const chunksOf = (idempotencyKey: string) =>
  admin.frames
    .filter(({ event, payload }) => event === "node.invoke.progress" && payload.idempotencyKey === idempotencyKey)
    .map(({ payload }) => payload.chunk);

test("pieces of output that come backwards are told in order, as many as may wait", async () => {
  const kitchen = await node("kitchen");
  const { id, answer, idempotencyKey } = await asked(kitchen);
  const send = (seq: number) =>
    kitchen.client.call("node.invoke.progress", { invokeId: id, nodeId: kitchen.device.id, seq, chunk: `${seq} ` });

  for (let seq = 128; seq > 0; seq--) await send(seq);
  const beyond = await send(129);
  const first = await send(0);
  await kitchen.client.call("node.invoke.result", { id, nodeId: kitchen.device.id, ok: true, payloadJSON: "1" });
  await answer;

  assert.deepEqual([beyond.ignored, first.ignored], [true, undefined]);
  assert.deepEqual(
    chunksOf(idempotencyKey),
    Array.from({ length: 129 }, (_, seq) => `${seq} `),
  );
});

test("output for another node's call is told to nobody, under either name", async () => {
  const [kitchen, cellar] = [await node("kitchen"), await node("cellar")];
  const { id, answer, idempotencyKey } = await asked(kitchen);
  const piece = { invokeId: id, seq: 0, chunk: "forged" };

  const own = await cellar.client.request("node.invoke.progress", { ...piece, nodeId: cellar.device.id });
  const posing = await cellar.client.request("node.invoke.progress", { ...piece, nodeId: kitchen.device.id });
  await kitchen.client.call("node.invoke.result", { id, nodeId: kitchen.device.id, ok: true, payloadJSON: '"own"' });
  const { payload } = await answer;

  assert.deepEqual([own.payload?.ignored, posing.error?.message], [true, "nodeId mismatch"]);
  assert.deepEqual([payload.payload, chunksOf(idempotencyKey)], ["own", []]);
});

test("a node that comes again with other commands ends its calls, and its old connection says nothing more", async () => {
  const kitchen = await node("kitchen");
  const { id, answer } = await asked(kitchen);
  const again = gateway.connect({
    ...{ device: kitchen.device, role: "node", protocol: 4, sign: "v3" },
    spoil: (params) => ({ ...params, commands: ["system.which", "system.run"] }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName: "kitchen" },
  });
  const result = { id, nodeId: kitchen.device.id, ok: true, payloadJSON: '"old"' };
  for (let turn = 0; turn < 50; turn++) kitchen.client.send({ type: "req", id: `r${turn}`, method: "health" });
  const newer = await again;
  const stale = await newer.call("node.invoke.result", result);
  const { payload, error } = await answer;
  const { commands, approvalState } = await admin.call("node.describe", { nodeId: kitchen.device.id });
  const run = await admin.request("node.invoke", {
    ...{ nodeId: kitchen.device.id, command: "system.run", params: { command: ["true"] }, idempotencyKey: "widened" },
  });

  assert.deepEqual([payload, error?.details?.code], [undefined, "NODE_DISCONNECTED"]);
  assert.deepEqual(stale, { ok: true, ignored: true });
  assert.deepEqual([commands, approvalState], [["system.which"], "pending-reapproval"]);
  assert.equal(run.error?.details?.reason, "command not approved");
  assert.equal((await kitchen.client.closed).code, 4001);
});

test("a node that reports without end is told of once a second at most, and the newest counts", async () => {
  const busy = await node("busy");
  const reported = (idleSeconds: number) =>
    busy.client.call("node.event", { event: "node.presence.activity", payload: { idleSeconds, source: "app" } });
  const told = () =>
    admin.frames
      .filter(({ event, payload }) => event === "node.presence" && payload.reason === "activity")
      .map(({ payload }) => payload.idleSeconds);

  const began = performance.now();
  for (let report = 0; report < 2_000; report++) await reported(report);
  const { idleSeconds } = await admin.call("node.describe", { nodeId: busy.device.id });
  await eventually("the newest report to be told", () => told().includes(1_999));

  assert.equal(idleSeconds, 1_999);
  assert.equal(told()[0], 0);
  const seconds = (performance.now() - began) / 1_000;
  assert.ok(told().length <= seconds + 2, `told ${told().length} times in ${seconds} s`);
});
