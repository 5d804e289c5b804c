// Nodes that mean harm: huge, deep and foreign results, floods, and names that steer whoever reads them.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Home } from "../cli/harness.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { type Connected, TOKEN, testGateway } from "../support/gateway.ts";

const gateway = await testGateway({ config: JSON.stringify({ canvasHost: { enabled: false } }) });
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const STEERING = /[\u001b\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const EVIL = "kit\u001b[2Jch\u009b31men\u202e\u2066\u200b\r\nroot";
const ODD = ["system.which", "system.which", "a\u001b[2J", "b\u202ec", "x y", "camera.snap\u0000"];

interface Guest {
  readonly device?: ReturnType<typeof newDeviceKey>;
  readonly protocol?: 3 | 4;
  readonly displayName?: string;
  readonly extra?: object;
}

async function guest({ device = newDeviceKey(), protocol = 3, displayName = "guest", extra = {} }: Guest = {}) {
  const node = await gateway.connect({
    ...{ device, role: "node", protocol },
    spoil: (params) => ({ ...params, commands: ["system.which"], ...extra }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName },
  });
  return { node, device };
}

let keys = 0;
/** Asks a node; the call of the node and the answer to come. */
async function asked(node: Connected, nodeId: string) {
  const call = { nodeId, command: "system.which", params: {}, timeoutMs: 30_000, idempotencyKey: `h${++keys}` };
  const answer = admin.request("node.invoke", call);
  const { payload } = await node.nextOf("node.invoke.request");
  return { id: payload.id as string, answer, key: call.idempotencyKey };
}

const DEEP = [
  ["a text of lists", (depth: number) => ({ payloadJSON: "[".repeat(depth) + "]".repeat(depth) })],
  ["a text of objects", (depth: number) => ({ payloadJSON: `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}` })],
] as const;

describe("results", () => {
  for (const [what, make] of DEEP)
    test(`${what} of many levels is refused in words, and one of two hundred comes back`, async () => {
      const { node, device } = await guest();
      const { id, answer } = await asked(node, device.id);
      await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, ...make(5_000) });
      const deep = await answer;
      const next = await asked(node, device.id);
      await node.call("node.invoke.result", { id: next.id, nodeId: device.id, ok: true, ...make(200) });
      const shallow = await next.answer;

      assert.equal(deep.error?.message, "the node's result has more than 200 levels; it cannot be handed on");
      assert.equal(shallow.ok, true);
    });

  test("a value of many levels in a frame is refused as well", async () => {
    const { node, device } = await guest();
    const { id, answer } = await asked(node, device.id);
    const deep = "[".repeat(5_000) + "]".repeat(5_000);
    const head = JSON.stringify({ type: "req", id: "deep", method: "node.invoke.result" }).slice(0, -1);
    node.socket.send(`${head},"params":{"id":"${id}","nodeId":"${device.id}","ok":true,"payload":${deep}}}`);

    const { error } = await answer;

    assert.match(error?.message ?? "", /has more than 200 levels/);
  });

  test("what comes after a cancel, twice, under another id or for another node's call changes nothing", async () => {
    const { node, device } = await guest();
    const other = await guest();
    const cancelled = await asked(node, device.id);
    await admin.call("node.invoke.cancel", { idempotencyKey: cancelled.key });
    const late = await node.call("node.invoke.result", {
      id: cancelled.id,
      nodeId: device.id,
      ok: true,
      payloadJSON: "1",
    });
    const { id, answer } = await asked(node, device.id);
    const foreign = await other.node.call("node.invoke.result", {
      id,
      nodeId: other.device.id,
      ok: true,
      payloadJSON: "2",
    });
    const posing = await other.node.request("node.invoke.result", {
      id,
      nodeId: device.id,
      ok: true,
      payloadJSON: "3",
    });
    const made = await node.call("node.invoke.result", {
      id: "__proto__",
      nodeId: device.id,
      ok: true,
      payloadJSON: "4",
    });
    await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, payloadJSON: "5" });
    const twice = await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, payloadJSON: "6" });
    const progress = await node.call("node.invoke.progress", {
      invokeId: id,
      nodeId: device.id,
      seq: 0,
      chunk: "late",
    });
    const first = await cancelled.answer;
    const second = await answer;

    assert.equal(first.error?.details?.code, "CANCELLED");
    assert.equal(second.payload.payload, 5);
    assert.equal(posing.error?.message, "nodeId mismatch");
    for (const ignored of [late, foreign, made, twice, progress])
      assert.deepEqual(ignored, { ok: true, ignored: true });
  });

  test("an endless error is cut, in the sentence and in what stands beside it", async () => {
    const { node, device } = await guest();
    const { id, answer } = await asked(node, device.id);
    const error = { code: "X".repeat(1_000_000), message: "no ".repeat(1_000_000) };
    await node.call("node.invoke.result", { id, nodeId: device.id, ok: false, error });

    const { error: told } = await answer;

    assert.ok(JSON.stringify(told).length < 10_000, `${JSON.stringify(told).length} characters`);
  });

  test("output without end comes in order or not at all, and the gateway answers others meanwhile", async () => {
    const { node, device } = await guest({ protocol: 4, displayName: "flood" });
    await admin.call("node.pair.approve", { requestId: device.id });
    const { id, answer } = await asked(node, device.id);
    const chunk = "x".repeat(16_384);
    for (let seq = 0; seq < 400; seq++)
      node.send({
        type: "req",
        id: `f${seq}`,
        method: "node.invoke.progress",
        params: { invokeId: id, nodeId: device.id, seq: seq + 1, chunk },
      });
    const long = await node.request("node.invoke.progress", {
      invokeId: id,
      nodeId: device.id,
      seq: 0,
      chunk: `${chunk}x`,
    });
    const health = await admin.request("health");
    await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, payloadJSON: "{}" });
    const { ok } = await answer;

    assert.match(long.error?.message ?? "", /must NOT have more than 16384 characters/);
    assert.deepEqual([health.ok, ok], [true, true]);
  });
});

describe("what a node says of itself", () => {
  test("steers nobody: names are one line without hidden signs, and commands are names", async () => {
    const device = newDeviceKey();
    await gateway.connect({
      ...{ device, role: "node", protocol: 3 },
      spoil: (params) => ({
        ...params,
        commands: ODD,
        caps: ["system", "x\u0007"],
        permissions: { camera: true, "a\u202eb": true },
      }),
      client: { id: "node-host", mode: "node", platform: "linux", deviceFamily: EVIL, displayName: EVIL },
    });

    const node = await admin.call("node.describe", { nodeId: device.id });

    assert.equal(node.displayName, "kit [2Jch 31men root");
    assert.equal(node.deviceFamily, "kit [2Jch 31men root");
    assert.deepEqual(node.commands, ["system.which"]);
    assert.deepEqual([node.caps, node.permissions], [["system"], { camera: true }]);
  });

  test("is not shown raw by the command line, nor is what it answers", async () => {
    using home = new Home();
    const { node, device } = await guest({ protocol: 4, displayName: `${EVIL} wall` });
    const run = (args: string[]) =>
      home.run([...args, "--url", gateway.url], { env: { MOLTBOT_GATEWAY_TOKEN: TOKEN } });
    const list = await run(["nodes", "list"]);
    const approved = await run(["nodes", "approve", device.id]);
    const invoking = run(["nodes", "invoke", "system.which", "--node", device.id]);
    const { payload } = await node.nextOf("node.invoke.request");
    await node.call("node.invoke.progress", { invokeId: payload.id, nodeId: device.id, seq: 0, chunk: EVIL });
    await node.call("node.invoke.result", {
      id: payload.id,
      nodeId: device.id,
      ok: true,
      payloadJSON: JSON.stringify({ said: EVIL }),
    });
    const result = await invoking;
    const failing = run(["nodes", "invoke", "system.which", "--node", device.id]);
    const next = await node.nextOf("node.invoke.request");
    await node.call("node.invoke.result", {
      id: next.payload.id,
      nodeId: device.id,
      ok: false,
      error: { message: EVIL },
    });
    const failure = await failing;

    assert.match(list.stdout, /wall/);
    assert.match(approved.stdout, /is approved: system\.which/);
    assert.deepEqual(JSON.parse(result.stdout), { said: EVIL });
    for (const { stdout, stderr } of [list, approved, result, failure]) assert.doesNotMatch(stdout + stderr, STEERING);
  });

  test("is refused when it is endless or of another type, with what is wrong", async () => {
    const many = Array.from({ length: 501 }, (_, index) => `c.${index}`);
    const tries: object[] = [
      { commands: many },
      { permissions: { camera: "yes" } },
      { permissions: ["camera"] },
      { commands: [1] },
      { caps: "all" },
    ];

    const refusals = await Promise.all(
      tries.map(
        async (extra) =>
          await guest({ extra }).then(
            () => "let in",
            (error: Error) => error.message,
          ),
      ),
    );

    for (const refusal of refusals) assert.match(refusal, /invalid connect params/);
  });

  test("ten thousand commands end the connection before anybody reads them", async () => {
    const commands = Array.from({ length: 10_000 }, (_, index) => `command.number.${index}`);

    const outcome = await guest({ extra: { commands } }).then(
      () => "let in",
      () => "ended",
    );
    const health = await admin.request("health");

    assert.deepEqual([outcome, health.ok], ["ended", true]);
  });
});

describe("floods", () => {
  test("a node that connects a hundred times keeps its newest connection, and calls reach that one", async () => {
    const device = newDeviceKey();
    await guest({ device });
    for (let round = 0; round < 10; round++)
      await Promise.allSettled(Array.from({ length: 10 }, () => guest({ device })));
    const { node } = await guest({ device });
    const { nodes } = await admin.call("node.list", {});
    const { id, answer } = await asked(node, device.id);
    await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, payloadJSON: '"newest"' });

    const { payload } = await answer;

    assert.equal(nodes.filter(({ nodeId }: { nodeId: string }) => nodeId === device.id).length, 1);
    assert.equal(payload.payload, "newest");
  });

  test("requests for pairing have an end, and what is approved works on", async () => {
    const { node, device } = await guest();
    const far = { headers: { "x-forwarded-for": "203.0.113.9" } };
    for (let round = 0; round < 8; round++)
      await Promise.allSettled(
        Array.from({ length: 10 }, () =>
          gateway.connect(
            { device: newDeviceKey(), role: "node", client: { id: "node-host", mode: "node", displayName: EVIL } },
            far,
          ),
        ),
      );
    const { pending } = await admin.call("node.pair.list", {});
    const { id, answer } = await asked(node, device.id);
    await node.call("node.invoke.result", { id, nodeId: device.id, ok: true, payloadJSON: "{}" });

    assert.ok(pending.length <= 64, `${pending.length} requests`);
    assert.equal((await answer).ok, true);
  });
});
