// What the gateway tells of itself (protocol sections 5.2 to 5.6 and 5.19): health, status, presence, beacons, logs.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { testGateway } from "../support/gateway.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock, config: "{ models: { detectLocal: false } }" });
after(() => gateway[Symbol.asyncDispose]());

const admin = await gateway.connect();
const MAIN = "agent:main:main";

test("health has the whole shape that January clients read", async () => {
  const health = await admin.call("health");

  const { ts, durationMs, agents, sessions } = health;
  assert.deepEqual(health, {
    ok: true,
    ts,
    durationMs,
    channels: {},
    channelOrder: [],
    channelLabels: {},
    heartbeatSeconds: 1_800,
    defaultAgentId: "main",
    agents,
    sessions: { path: sessions.path, count: 0, recent: [] },
    machine: {},
    database: { ok: true },
    config: { valid: true },
  });
  const [main] = agents;
  assert.deepEqual([main.agentId, main.isDefault], ["main", true]);
  assert.deepEqual(Object.keys(main.heartbeat).toSorted(), [
    "ackMaxChars",
    "enabled",
    "every",
    "everyMs",
    "prompt",
    "target",
  ]);
});

test("health answers with the snapshot that there is, and a fresh one follows as an event", async () => {
  const client = await gateway.connect();
  clock.advance(250);
  const { payload: known, stateVersion } = await client.nextOf("health");
  clock.advance(1_000);

  const answer = await client.call("health");
  clock.advance(250);
  const fresh = await client.nextOf("health");

  assert.deepEqual(answer, known);
  assert.equal(fresh.payload.ts, clock.now());
  assert.ok(fresh.stateVersion!.health > stateVersion!.health);
});

test("health with probe answers with a fresh snapshot", async () => {
  clock.advance(1_000);

  const { ts } = await admin.call("health", { probe: true });

  assert.equal(ts, clock.now());
});

test("many health calls at once cause one refresh", async () => {
  const client = await gateway.connect();
  clock.advance(250);
  await client.nextOf("health");
  const seen = client.frames.length;

  await Promise.all(Array.from({ length: 20 }, () => client.call("health")));
  clock.advance(250);
  await client.nextOf("health");
  await client.flushed();

  assert.equal(client.frames.slice(seen).filter(({ event }) => event === "health").length, 1);
});

test("status has the whole shape that January clients read", async () => {
  const status = await admin.call("status");

  const { sessions, heartbeat, queuedSystemEvents } = status;
  assert.deepEqual(status, {
    heartbeat: { defaultAgentId: "main", agents: heartbeat.agents },
    channelSummary: [],
    queuedSystemEvents,
    database: { ok: true },
    sessions: {
      paths: sessions.paths,
      count: 0,
      defaults: { model: null, contextTokens: null },
      recent: [],
      byAgent: sessions.byAgent,
    },
  });
  assert.deepEqual(Object.keys(heartbeat.agents[0]), ["agentId", "enabled", "every", "everyMs"]);
});

test("system-presence is a bare list, the gateway first", async () => {
  const rows = await admin.call("system-presence");

  assert.ok(Array.isArray(rows));
  assert.deepEqual([rows[0].mode, rows[0].reason, rows[0].ts], ["gateway", "self", clock.now()]);
});

test("a beacon updates presence, is broadcast at once with its version, and waits for the agent", async () => {
  const reader = await gateway.connect({ scopes: ["operator.read"] });
  const before = reader.hello.snapshot.stateVersion.presence;

  const answer = await admin.call("system-event", { text: "The kettle is on", instanceId: "kettle", tags: ["tea"] });

  assert.deepEqual(answer, { ok: true });
  const { payload, stateVersion } = await reader.nextOf("presence");
  assert.equal(stateVersion?.presence, before + 1);
  assert.deepEqual(
    payload.presence.find((row: { instanceId?: string }) => row.instanceId === "kettle"),
    { text: "The kettle is on", instanceId: "kettle", ts: clock.now() },
  );
  assert.ok((await admin.call("status")).queuedSystemEvents.includes("The kettle is on"));
});

test("of a node's beacons only news waits for the agent", async () => {
  const beacon = (text: string) => admin.call("system-event", { text });
  await beacon("Node: Phone (10.0.0.7) · app 1.0 · mode ui · reason launch");
  await beacon("Node: Phone (10.0.0.7) · app 1.0 · last input 9s ago · mode ui · reason periodic");
  await beacon("Node: Phone (10.0.0.7) · app 1.1 · mode ui · reason launch");

  const { queuedSystemEvents } = await admin.call("status");

  assert.deepEqual(
    queuedSystemEvents.filter((line: string) => line.includes("Phone")),
    [
      "Node: Phone · host Phone · ip 10.0.0.7 · version 1.0 · mode ui · reason launch",
      "Node: Phone · version 1.1 · reason launch",
    ],
  );
});

test("twenty lines wait at most, and none twice in a row", async () => {
  for (let i = 0; i < 25; i++) {
    await admin.call("system-event", { text: `line ${i}` });
    await admin.call("system-event", { text: `line ${i}` });
  }

  const { queuedSystemEvents } = await admin.call("status");

  assert.deepEqual(
    queuedSystemEvents,
    Array.from({ length: 20 }, (_, index) => `line ${index + 5}`),
  );
});

for (const params of [{}, { text: "" }, { text: "  \n" }, { text: 7 }, { text: null }]) {
  test(`system-event ${JSON.stringify(params)} is refused: text required`, async () => {
    const { error } = await admin.request("system-event", params);

    assert.deepEqual(error, { code: "INVALID_REQUEST", message: "text required" });
  });
}

test("unknown fields of a beacon are ignored", async () => {
  assert.equal((await admin.request("system-event", { text: "hello", unknown: { deep: 1 } })).ok, true);
});

test("there was no heartbeat yet", async () => {
  assert.equal(await admin.call("last-heartbeat"), null);
});

test("logs.tail gives the last lines, and from its cursor on what is new", async () => {
  const first = await admin.call("logs.tail", { limit: 1 });
  await gateway.refused({ token: "wrong-token" });
  await gateway.stop();
  await gateway.start();
  const client = await gateway.connect();

  const next = await client.call("logs.tail", { cursor: first.cursor });

  assert.equal(first.file, "gateway.log");
  assert.equal(first.lines.length, 1);
  assert.deepEqual(
    next.lines.map((line: string) => JSON.parse(line).msg),
    ["gateway stops", "gateway listens"],
  );
  assert.deepEqual([next.reset, next.truncated], [false, false]);
});

test("the main conversation of a plain config is the main agent's", async () => {
  const { hello } = await gateway.connect();

  assert.equal(hello.snapshot.sessionDefaults.mainSessionKey, MAIN);
});

test("the last hours stand in order, and what happens is counted in its hour", async () => {
  const operator = await gateway.connect();
  const before = (await operator.call("system.hours", {})).hours;
  await operator.call("chat.send", { sessionKey: MAIN, message: "hello", idempotencyKey: "hours" });
  await operator.call("agent.wait", { runId: "hours", timeoutMs: 60_000 });

  const { hours } = await operator.call("system.hours", { hours: 2 });

  assert.equal(before.length, 24);
  const { at, runs, ...rest } = hours[1];
  assert.equal(runs, before[23].runs + 1);
  assert.deepEqual(rest, { in: 0, out: 0, lost: 0, failed: 0 });
  assert.deepEqual([at % 3_600_000, at - hours[0].at, before[23].at], [0, 3_600_000, at]);
});
