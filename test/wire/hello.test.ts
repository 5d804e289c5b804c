// hello-ok (protocol sections 2.9 and 12.3): what a client learns at once, and what is kept from it.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { after, test } from "node:test";
import { EVENTS, METHODS } from "../../packages/gateway/src/definitions.ts";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

const features = {
  methods: [...METHODS.values()].filter(({ listed }) => listed).map(({ name }) => name),
  events: ["connect.challenge", ...EVENTS.map(({ name }) => name)],
};
/** The order of hello-ok's lists, as clients have always seen it. What is new may stand anywhere between. */
const METHOD_ORDER: readonly string[] = [
  "health",
  "last-heartbeat",
  "logs.tail",
  "status",
  "system-event",
  "system.info",
  "system-presence",
  "device.pair.approve",
  "device.pair.list",
  "device.pair.reject",
  "device.pair.remove",
  "device.token.revoke",
  "device.token.rotate",
  "sessions.compact",
  "sessions.create",
  "sessions.describe",
  "sessions.list",
  "sessions.messages.subscribe",
  "sessions.messages.unsubscribe",
  "sessions.patch",
  "sessions.preview",
  "sessions.delete",
  "sessions.reset",
  "sessions.search",
  "sessions.subscribe",
  "models.auth.remove",
  "models.auth.set",
  "models.authStatus",
  "models.list",
  "models.scan",
  "models.set",
  "models.status",
  "models.test",
  "usage.breakdown",
  "usage.cost",
  "sessions.usage",
  "usage.status",
  "memory.search",
  "memory.status",
  "skills.bins",
  "skills.install",
  "skills.status",
  "skills.update",
  "agents.list",
  "commands.list",
  "sessions.compaction.run",
  "sessions.compaction.undo",
  "agent.identity.get",
  "agent.prompt",
  "agent",
  "tools.list",
  "agent.wait",
  "mcp.status",
  "mcp.test",
  "exec.allowlist.add",
  "exec.allowlist.list",
  "exec.allowlist.remove",
  "exec.approval.get",
  "approval.history",
  "exec.approval.list",
  "exec.approval.request",
  "exec.approval.resolve",
  "exec.approval.waitDecision",
  "exec.approvals.get",
  "exec.approvals.set",
  "exec.approvals.node.get",
  "exec.approvals.node.set",
  "message.action",
  "channels.add",
  "channels.logout",
  "channels.pairing.list",
  "channels.remove",
  "channels.start",
  "channels.status",
  "channels.stop",
  "message.edit",
  "inbox.list",
  "inbox.why",
  "web.login.start",
  "web.login.wait",
  "outbox.discard",
  "outbox.list",
  "outbox.resend",
  "pairing.approve",
  "pairing.list",
  "pairing.revoke",
  "message.react",
  "send",
  "channels.names",
  "message.delete",
  "chat.abort",
  "chat.history",
  "chat.metadata",
  "chat.send",
  "chat.startup",
  "runs.events",
  "runs.export",
  "runs.get",
  "runs.list",
  "runs.replay",
  "tasks.list",
  "config.apply",
  "config.get",
  "config.patch",
  "config.schema",
  "config.schema.lookup",
  "config.set",
];
const EVENT_ORDER: readonly string[] = [
  "connect.challenge",
  "health",
  "presence",
  "shutdown",
  "tick",
  "device.pair.requested",
  "device.pair.resolved",
  "session.message",
  "sessions.changed",
  "usage.budget",
  "agent",
  "chat",
  "exec.approval.requested",
  "exec.approval.resolved",
  "channels.changed",
  "pairing.requested",
  "pairing.resolved",
];
const policy = { maxPayload: 26_214_400, maxBufferedBytes: 8_388_608, tickIntervalMs: 30_000 };
const sessionDefaults = {
  defaultAgentId: "main",
  mainKey: "main",
  mainSessionKey: "agent:main:main",
  scope: "per-sender",
};
const CANVAS_URL = /^http:\/\/127\.0\.0\.1:\d+\/__openclaw__\/cap\/[\w-]{24}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("a device-less admin of protocol 3 gets the whole of hello-ok, without auth", async () => {
  const { hello } = await gateway.connect();

  const { server, snapshot } = hello;
  assert.deepEqual(hello, {
    type: "hello-ok",
    protocol: 3,
    server: { version: server.version, host: hostname(), connId: server.connId },
    features,
    snapshot: {
      presence: snapshot.presence,
      health: snapshot.health,
      stateVersion: snapshot.stateVersion,
      uptimeMs: 0,
      configPath: gateway.configPath,
      stateDir: gateway.stateDir,
      sessionDefaults,
    },
    canvasHostUrl: hello.canvasHostUrl,
    policy,
  });
  assert.match(hello.canvasHostUrl, CANVAS_URL);
  assert.match(server.connId, UUID);
  assert.match(server.version, /^\d{4}\.\d+\.\d+$/);
});

test("hello-ok lists the methods and events that are known in their order", async () => {
  const { hello } = await gateway.connect();

  const { methods, events } = hello.features;
  assert.deepEqual(
    methods.filter((name: string) => METHOD_ORDER.includes(name)),
    METHOD_ORDER,
  );
  assert.deepEqual(
    events.filter((name: string) => EVENT_ORDER.includes(name)),
    EVENT_ORDER,
  );
});

test("protocol 4 has capabilities and always auth, and no host", async () => {
  const { hello } = await gateway.connect({ protocol: 4, scopes: ["operator.read", "operator.write"] });

  const { server, snapshot } = hello;
  assert.deepEqual(hello, {
    type: "hello-ok",
    protocol: 4,
    server: { version: server.version, connId: server.connId },
    features: { ...features, capabilities: ["published-model-catalog"] },
    snapshot: {
      presence: snapshot.presence,
      health: snapshot.health,
      stateVersion: snapshot.stateVersion,
      uptimeMs: 0,
      sessionDefaults,
    },
    pluginSurfaceUrls: { canvas: hello.pluginSurfaceUrls?.canvas },
    auth: { role: "operator", scopes: ["operator.read", "operator.write"], method: "token" },
    policy,
  });
  assert.match(hello.pluginSurfaceUrls.canvas, CANVAS_URL);
});

test("a device gets its token, role and scopes", async () => {
  const { hello } = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.write", "operator.read"] });

  const { deviceToken } = hello.auth;
  assert.deepEqual(hello.auth, {
    deviceToken,
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    issuedAtMs: FAKE_EPOCH,
  });
  assert.match(deviceToken, /^[A-Za-z0-9_-]{43}$/);
});

test("a node gets the same lists of methods and events", async () => {
  const { hello } = await gateway.connect({
    device: newDeviceKey(),
    role: "node",
    client: { id: "node-host", mode: "node" },
  });

  assert.deepEqual(hello.features, features);
  assert.deepEqual(hello.auth, {
    deviceToken: hello.auth.deviceToken,
    role: "node",
    scopes: [],
    issuedAtMs: FAKE_EPOCH,
  });
});

test("the snapshot holds the gateway's own row and the newcomer's", async () => {
  const device = newDeviceKey();

  const { hello } = await gateway.connect({
    device,
    client: { id: "test", mode: "test", displayName: "Desk", deviceFamily: "Mac", modelIdentifier: "Mac16,1" },
  });

  const [self, ...others] = hello.snapshot.presence;
  assert.deepEqual(self, {
    host: hostname(),
    version: hello.server.version,
    platform: process.platform,
    mode: "gateway",
    reason: "self",
    text: `Gateway: ${hostname()} · app ${hello.server.version} · mode gateway · reason self`,
    ts: FAKE_EPOCH,
  });
  assert.deepEqual(
    others.find((row: { deviceId?: string }) => row.deviceId === device.id),
    {
      host: "Desk",
      version: "1",
      platform: "linux",
      deviceFamily: "Mac",
      modelIdentifier: "Mac16,1",
      mode: "test",
      deviceId: device.id,
      roles: ["operator"],
      scopes: ["operator.admin"],
      instanceId: device.id,
      reason: "connect",
      text: "Node: Desk · mode test",
      ts: FAKE_EPOCH,
    },
  );
});

test("a command line leaves no presence row", async () => {
  const device = newDeviceKey();

  const { hello } = await gateway.connect({ device });

  assert.ok(!JSON.stringify(hello.snapshot.presence).includes(device.id));
});

test("paths are shown to admins only", async () => {
  const { hello } = await gateway.connect({ scopes: ["operator.read", "operator.write", "operator.pairing"] });

  assert.equal(JSON.stringify(hello).includes(gateway.stateDir), false);
});

test("who may not read sees nobody's presence", async () => {
  const { hello } = await gateway.connect({ scopes: ["operator.pairing"] });

  assert.deepEqual(hello.snapshot.presence, []);
});

test("the health of the snapshot is that of the health method", async () => {
  const client = await gateway.connect();

  assert.deepEqual(await client.call("health"), client.hello.snapshot.health);
});
