// Frames of node hosts and apps of two generations, as they were seen on the wire, and what a gateway owes each.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { type Connected, testGateway } from "../support/gateway.ts";
import type { Frame } from "../support/wire-client.ts";

const gateway = await testGateway({ config: JSON.stringify({ canvasHost: { port: 0 } }) });
after(() => gateway[Symbol.asyncDispose]());

/** The connect params that each generation of the node host adds. */
const JANUARY = {
  caps: ["system", "browser"],
  commands: ["system.run", "system.which", "system.execApprovals.get", "system.execApprovals.set", "browser.proxy"],
  pathEnv: "/usr/local/bin:/usr/bin:/bin",
};
const TODAY = {
  caps: ["file", "local-inference", "mcp", "system"],
  commands: [
    ...["system.run", "system.run.prepare", "system.which", "system.execApprovals.get", "system.execApprovals.set"],
    ...["fs.listDir", "dir.list", "dir.fetch", "file.create", "file.fetch", "file.stat", "file.write"],
    ...["mcp.tools.call.v1", "terminal.upload", "desktop.stream", "ollama.chat", "ollama.models"],
  ],
};

interface Kind {
  readonly protocol: 3 | 4;
  readonly declares: object;
  readonly client?: object;
}

async function connectNode({ protocol, declares, client = {} }: Kind) {
  const device = newDeviceKey();
  const node = await gateway.connect({
    ...{ device, role: "node", protocol, scopes: [] },
    spoil: (params) => ({ ...params, ...declares }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName: `host ${protocol}`, ...client },
  });
  return { node, id: device.id, device };
}

/** Sends a request as it stands, and reads the answer to it. */
async function sent(
  client: Connected,
  request: { readonly id: string; readonly [key: string]: unknown },
): Promise<Frame> {
  const answer = client.answerTo(request.id);
  client.send(request);
  return await answer;
}

describe("January 2026", async () => {
  const admin = await gateway.connect({ protocol: 3, scopes: ["operator.admin"] });
  const { node, id: N, device } = await connectNode({ protocol: 3, declares: JANUARY });

  test("hello-ok has a token for a node without scopes, and the words that wake it follow at once", async () => {
    const { auth, canvasHostUrl } = node.hello;
    const { node: another } = await connectNode({ protocol: 3, declares: JANUARY });
    const { payload, seq } = await another.nextOf("voicewake.changed");

    assert.deepEqual(
      [auth.role, auth.scopes, typeof auth.deviceToken, typeof auth.issuedAtMs],
      ["node", [], "string", "number"],
    );
    assert.match(canvasHostUrl, /^http:\/\/127\.0\.0\.1:\d+\/__openclaw__\/cap\/[\w-]{24}$/);
    assert.ok(Array.isArray(payload.triggers));
    assert.equal(seq, undefined);
  });

  test("a call goes through five frames", async () => {
    const done = sent(admin, {
      ...{ type: "req", id: "r2", method: "node.invoke" },
      params: { nodeId: N, command: "system.which", params: { bins: ["sh", "nope-x"] }, idempotencyKey: "k1" },
    });
    const request = await node.nextOf("node.invoke.request");
    const U = request.payload.id;
    const taken = await sent(node, {
      ...{ type: "req", id: "V", method: "node.invoke.result" },
      params: { id: U, nodeId: N, ok: true, payloadJSON: '{"bins":{"sh":"/usr/bin/sh"}}' },
    });

    const { timeoutMs, ...asked } = request.payload;
    assert.deepEqual(request, { type: "event", event: "node.invoke.request", payload: request.payload });
    assert.deepEqual(asked, {
      ...{ id: U, nodeId: N, command: "system.which", paramsJSON: '{"bins":["sh","nope-x"]}', idempotencyKey: "k1" },
    });
    assert.equal(timeoutMs, 30_000);
    assert.deepEqual(taken, { type: "res", id: "V", ok: true, payload: { ok: true } });
    assert.deepEqual(await done, {
      ...{ type: "res", id: "r2", ok: true },
      payload: {
        ...{ ok: true, nodeId: N, command: "system.which", payload: { bins: { sh: "/usr/bin/sh" } } },
        payloadJSON: '{"bins":{"sh":"/usr/bin/sh"}}',
      },
    });
  });

  const RESULTS = [
    ["no params", {}, { payloadJSON: "{}" }, {}],
    ["payloadJSON null beside a payload", { params: {} }, { payloadJSON: null, payload: { a: 1 } }, { a: 1 }],
    ["a value in the place of the text", { params: {} }, { payloadJSON: { a: 2 } }, { a: 2 }],
    ["error null", { params: {} }, { payloadJSON: '{"a":3}', error: null }, { a: 3 }],
    ["a text that is no JSON", { params: {} }, { payloadJSON: "not json" }, { payloadJSON: "not json" }],
    ["nothing at all", { params: {} }, {}, null],
  ] as const;
  for (const [what, given, result, expected] of RESULTS)
    test(`a result: ${what}`, async () => {
      const call = { nodeId: N, command: "system.which", idempotencyKey: `r ${what}`, ...given };
      const answer = admin.request("node.invoke", call);
      const { payload } = await node.nextOf("node.invoke.request");
      await node.call("node.invoke.result", { id: payload.id, nodeId: N, ok: true, ...result });

      assert.equal(typeof payload.paramsJSON, "string");
      assert.deepEqual((await answer).payload.payload, expected);
    });

  const FAILURES = [
    [{ code: "UNAVAILABLE", message: "SYSTEM_RUN_DENIED: approval required" }, "SYSTEM_RUN_DENIED: approval required"],
    [
      { code: "UNAVAILABLE", message: "NODE_BACKGROUND_UNAVAILABLE: canvas/camera/screen commands require foreground" },
      "NODE_BACKGROUND_UNAVAILABLE: canvas/camera/screen commands require foreground",
    ],
    [{}, "node invoke failed"],
    [null, "node invoke failed"],
  ] as const;
  for (const [error, message] of FAILURES)
    test(`a failure: ${JSON.stringify(error)}`, async () => {
      const answer = admin.request("node.invoke", {
        nodeId: N,
        command: "system.which",
        params: {},
        idempotencyKey: `f ${JSON.stringify(error)}`,
      });
      const { payload } = await node.nextOf("node.invoke.request");
      await node.call("node.invoke.result", { id: payload.id, nodeId: N, ok: false, error });

      const { error: told } = await answer;

      assert.deepEqual([told?.code, told?.message, told?.details?.nodeError], ["UNAVAILABLE", message, error]);
    });

  test("events of a program come before its result, and every event is answered alike", async () => {
    const report = {
      sessionKey: "node",
      runId: "r",
      host: "node",
      command: "uname",
      exitCode: 0,
      timedOut: false,
      success: true,
      output: "Linux",
    };
    const kinds = [
      ["exec.started", report],
      ["exec.finished", report],
      ["exec.denied", { ...report, reason: "approval-required" }],
      ["node.host.stats", {}],
      ["made.up", { a: 1 }],
      ["chat.unsubscribe", { sessionKey: "main" }],
    ] as const;

    const answers = [];
    for (const [event, payload] of kinds)
      answers.push(await node.request("node.event", { event, payloadJSON: JSON.stringify(payload) }));
    const none = await node.request("node.event", { event: "made.up" });
    const nulled = await node.request("node.event", { event: "made.up", payloadJSON: null });

    for (const { ok, payload } of [...answers, none]) assert.deepEqual([ok, payload], [true, { ok: true }]);
    assert.equal(nulled.error?.code, "INVALID_REQUEST");
  });

  const REFUSED = [
    [{ command: "made.up" }, "command not declared by node"],
    [{ command: "" }, "command required"],
    [{ command: "system.execApprovals.get" }, "command reserved"],
    [{ command: "system.execApprovals.set" }, "command reserved"],
  ] as const;
  for (const [call, reason] of REFUSED)
    test(`${JSON.stringify(call.command)} is refused: ${reason}`, async () => {
      const { error } = await admin.request("node.invoke", { nodeId: N, idempotencyKey: `x ${call.command}`, ...call });

      assert.deepEqual(
        [error?.code, error?.message, error?.details?.reason],
        ["INVALID_REQUEST", "node command not allowed", reason],
      );
    });

  test("an unknown node is not connected, has no description, and a blank id is none", async () => {
    const invoke = await admin.request("node.invoke", {
      nodeId: "nobody",
      command: "system.which",
      idempotencyKey: "nobody",
    });
    const describeNone = await admin.request("node.describe", { nodeId: "nobody" });
    const blank = await admin.request("node.describe", { nodeId: " " });

    assert.deepEqual(
      [invoke.error?.code, invoke.error?.message, invoke.error?.details?.code],
      ["UNAVAILABLE", "node not connected", "NOT_CONNECTED"],
    );
    assert.deepEqual([describeNone.error?.message, blank.error?.message], ["unknown nodeId", "nodeId required"]);
  });

  test("a false iPhone is listed with the commands of iPhones alone; a node that declared none has none", async () => {
    const { id } = await connectNode({
      ...{ protocol: 3, client: { id: "clawdbot-ios", platform: "iOS 18.2" } },
      declares: { commands: [" canvas.eval", "camera.snap ", "system.run", "made.up"] },
    });
    const { id: bare } = await connectNode({ protocol: 3, declares: { commands: [] } });

    const phone = await admin.call("node.describe", { nodeId: id });
    const nothing = await admin.request("node.invoke", {
      nodeId: bare,
      command: "system.which",
      idempotencyKey: "bare",
    });

    assert.deepEqual(phone.commands, ["camera.snap", "canvas.eval"]);
    assert.equal(nothing.error?.details?.reason, "node did not declare commands");
  });

  test("the app's own questions are refused by its role, which it does not mind", async () => {
    const config = await node.request("config.get");
    const words = await node.request("voicewake.get");

    assert.equal(config.error?.message, "unauthorized role: node");
    assert.equal(words.error?.message, "unauthorized role: node");
  });

  test("a node that ends, or is replaced, ends its calls; the older socket's end touches nothing", async () => {
    const answer = admin.request("node.invoke", {
      nodeId: N,
      command: "system.run",
      params: { command: ["sleep"] },
      idempotencyKey: "gone",
    });
    await node.nextOf("node.invoke.request");
    const again = await gateway.connect({
      ...{ device, role: "node", protocol: 3, scopes: [] },
      spoil: (params) => ({ ...params, ...JANUARY }),
      client: { id: "node-host", mode: "node", platform: "linux", displayName: "host 3" },
    });
    const { error } = await answer;
    const next = admin.request("node.invoke", {
      nodeId: N,
      command: "system.which",
      params: {},
      idempotencyKey: "after",
    });
    const { payload } = await again.nextOf("node.invoke.request");
    await again.call("node.invoke.result", { id: payload.id, nodeId: N, ok: true, payloadJSON: "{}" });

    assert.deepEqual([error?.code, error?.message], ["UNAVAILABLE", "Error: node disconnected (system.run)"]);
    assert.equal((await next).ok, true);
  });
});

describe("today", async () => {
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const { node, id: N } = await connectNode({ protocol: 4, declares: TODAY, client: { deviceFamily: "Linux" } });

  test("its commands wait: it is listed with none, what waits, and what to type", async () => {
    const { commands, approvalState, pendingRequestId, pendingDeclaredCommands, pendingDeclaredCaps, hint } =
      await admin.call("node.describe", { nodeId: N });
    const refused = await admin.request("node.invoke", { nodeId: N, command: "system.which", idempotencyKey: "w" });

    assert.deepEqual([commands, approvalState], [[], "pending-approval"]);
    assert.deepEqual([pendingDeclaredCommands.length, pendingDeclaredCaps], [TODAY.commands.length, TODAY.caps]);
    assert.match(hint, new RegExp(`moltbot nodes approve ${pendingRequestId}$`));
    assert.equal(refused.error?.details?.reason, "command not approved");
  });

  test("approved, it offers what its platform may, and the surface has its address", async () => {
    await admin.call("node.pair.approve", { requestId: N });

    const { commands, approvalState } = await admin.call("node.describe", { nodeId: N });

    assert.equal(approvalState, "approved");
    for (const offered of ["system.run.prepare", "file.write", "mcp.tools.call.v1"])
      assert.ok(commands.includes(offered));
    for (const other of ["terminal.upload", "desktop.stream", "ollama.chat"]) assert.ok(!commands.includes(other));
    assert.match(node.hello.pluginSurfaceUrls.canvas, /\/__openclaw__\/cap\/[\w-]{24}$/);
  });

  const stats = { cpuCount: 4, loadAverage: [0.1, 0.2, 0.3], memoryTotalBytes: 8_000, memoryFreeBytes: 4_000 };
  const EVENTS = [
    ["node.host.stats", stats, true],
    ["node.host.stats", { ...stats, cpuCount: 0 }, "invalid_payload"],
    ["node.host.stats", { ...stats, cpuCount: 4_097 }, "invalid_payload"],
    ["node.presence.alive", { trigger: "silent_push", sentAtMs: 1 }, true],
    ["node.presence.alive", { trigger: "made_up" }, "invalid_payload"],
    ["node.presence.activity", { idleSeconds: 2_592_000, source: "system", saturated: true }, true],
    ["node.presence.activity", { idleSeconds: 2_592_001 }, "invalid_payload"],
    ["node.presence.activity", { idleSeconds: -1 }, "invalid_payload"],
    ["node.presence.activity", { action: "clear" }, true],
    ["exec.finished", { sessionKey: "node", runId: "nobody's", host: "node", command: "x" }, "unmatched_exec_event"],
    ["notifications.changed", { change: "posted", key: "k" }, "unsupported_event"],
    ["push.apns.register", { token: "x" }, "unsupported_event"],
    ["node.desktop.availability", {}, "unsupported_event"],
    ["node.runnerInventory.update", {}, "unsupported_event"],
    ["node.skills.update", {}, "unsupported_event"],
    ["node.pluginTools.update", {}, "unsupported_event"],
    ["made.up", {}, "unknown_event"],
  ] as const;
  for (const [event, said, expected] of EVENTS)
    test(`${event} ${JSON.stringify(said).slice(0, 60)} is ${expected === true ? "handled" : expected}`, async () => {
      const answer = await node.call("node.event", { event, payloadJSON: JSON.stringify(said) });

      const outcome = expected === true ? { handled: true } : { handled: false, reason: expected };
      assert.deepEqual(answer, { ok: true, event, ...outcome });
    });

  test("progress, input and cancel have their frames; no result is waited for after a cancel", async () => {
    const answer = admin.request("node.invoke", {
      nodeId: N,
      command: "system.run.prepare",
      params: { command: ["x"] },
      timeoutMs: 0,
      idempotencyKey: "long",
    });
    const { payload: request } = await node.nextOf("node.invoke.request");
    const progressed = admin.nextOf("node.invoke.progress");
    await node.call("node.invoke.progress", { invokeId: request.id, nodeId: N, seq: 0, chunk: "half" });
    const { payload: piece } = await progressed;
    const wanted = node.nextOf("node.invoke.input");
    const { seq } = await admin.call("node.invoke.input", { idempotencyKey: "long", payloadJSON: '"more"' });
    const { payload: input } = await wanted;
    const stopped = node.nextOf("node.invoke.cancel");
    const { cancelled } = await admin.call("node.invoke.cancel", { idempotencyKey: "long" });
    const { payload: cancel } = await stopped;
    const { error } = await answer;

    assert.equal(request.timeoutMs, 0);
    assert.deepEqual(piece, { invokeId: request.id, idempotencyKey: "long", nodeId: N, seq: 0, chunk: "half" });
    assert.deepEqual([seq, input], [0, { id: request.id, nodeId: N, seq: 0, payloadJSON: '"more"' }]);
    assert.deepEqual([cancelled, cancel.invokeId, cancel.nodeId], [true, request.id, N]);
    assert.equal(error?.details?.code, "CANCELLED");
  });

  test("a node that was not ready is asked again under another id, and its late answer counts no more", async () => {
    const answer = admin.request("node.invoke", {
      nodeId: N,
      command: "system.which",
      params: {},
      idempotencyKey: "ready",
    });
    const first = (await node.nextOf("node.invoke.request")).payload;
    const again = node.nextOf("node.invoke.request");
    await node.call("node.invoke.result", {
      id: first.id,
      nodeId: N,
      ok: false,
      error: { code: "NODE_NOT_READY", message: "waking" },
    });
    const second = (await again).payload;
    const late = await node.call("node.invoke.result", { id: first.id, nodeId: N, ok: true, payloadJSON: "1" });
    await node.call("node.invoke.result", { id: second.id, nodeId: N, ok: true, payloadJSON: "2" });

    assert.notEqual(second.id, first.id);
    assert.deepEqual(late, { ok: true, ignored: true });
    assert.equal((await answer).payload.payload, 2);
  });

  test("small questions wait: enqueue, drain, pull and ack", async () => {
    const left = await admin.call("node.pending.enqueue", {
      nodeId: N,
      type: "status.request",
      priority: "high",
      expiresInMs: 60_000,
      wake: false,
    });
    await admin.call("node.pending.enqueue", { nodeId: N, type: "location.request" });
    const drained = await node.call("node.pending.drain", { maxItems: 1 });
    const pulled = await node.call("node.pending.pull", {});
    const ids = pulled.items.map(({ id }: { id: string }) => id);
    await node.call("node.pending.ack", { ids });
    const after = await node.call("node.pending.pull", {});

    assert.deepEqual([left.nodeId, left.wakeTriggered, typeof left.revision], [N, false, "number"]);
    assert.deepEqual([drained.items[0].type, drained.hasMore], ["status.request", true]);
    assert.ok(ids.length >= 1);
    assert.deepEqual(after.items, []);
  });

  test("a removed node loses its role and its socket, and may not call the methods of operators", async () => {
    const { error } = await node.request("node.pair.list");
    await admin.call("node.pair.remove", { nodeId: N });
    await node.closed;
    const isThere = async () =>
      (await admin.call("node.list", {})).nodes.some(({ nodeId }: { nodeId: string }) => nodeId === N);
    while (await isThere()) await admin.nextOf("node.presence");

    assert.equal(error?.message, "unauthorized role: node");
  });
});
