// Authorization (protocol section 4): each method's role and least scope, written down here and not read from the code.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { Frame, WireClient } from "../support/wire-client.ts";

const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

const TABLE = {
  "operator.read": [
    "system.hours",
    "tailscale.status",
    "discovery.status",
    "canvas.status",
    "canvas.open",
    "canvas.history",
    "canvas.replay",
    "node.list",
    "node.describe",
    "node.queue.list",
    "voicewake.get",
    "push.web.vapidPublicKey",
    "push.web.subscribe",
    "push.web.unsubscribe",
    "push.web.test",
    "push.web.looking",
    "health",
    "status",
    "logs.tail",
    "models.list",
    "skills.status",
    "models.status",
    "agents.list",
    "agent.identity.get",
    "commands.list",
    "tools.list",
    "sessions.list",
    "sessions.preview",
    "sessions.search",
    "system-presence",
    "last-heartbeat",
    "sessions.subscribe",
    "sessions.messages.subscribe",
    "sessions.messages.unsubscribe",
    "sessions.describe",
    "models.authStatus",
    "chat.history",
    "chat.past",
    "chat.startup",
    "chat.metadata",
    "channels.status",
    "inbox.list",
    "inbox.why",
    "outbox.list",
    "usage.status",
    "usage.cost",
    "usage.breakdown",
    "runs.list",
    "sessions.usage",
    "tasks.list",
    "system.info",
    "config.schema.lookup",
    "question.list",
    "environments.list",
    "worktrees.list",
    "transcripts.list",
    "artifacts.list",
    "migrations.memory.plan",
    "skills.library.list",
    "skills.search",
    "skills.proposals.list",
    "plugins.list",
    "plugins.catalog.browse",
    "progressCard.get",
    "sessions.branches.list",
    "sessions.companion.state",
    "sessions.observer.visibility",
    "themes.list",
    "diagnostics.lanes",
    "mcp.status",
    "heartbeat.status",
    "cron.status",
    "cron.list",
    "cron.get",
    "cron.runs",
    "cron.simulate",
    "reminders.list",
    "reminders.upcoming",
    "hooks.list",
    "hooks.deliveries",
    "mail.status",
  ],
  "operator.write": [
    "canvas.push",
    "canvas.reset",
    "canvas.undo",
    "canvas.act",
    "node.invoke",
    "node.invoke.cancel",
    "node.invoke.input",
    "node.queue.cancel",
    "node.pending.enqueue",
    "voicewake.set",
    "talk.mode",
    "agent",
    "agent.wait",
    "models.test",
    "chat.send",
    "chat.again",
    "chat.abort",
    "sessions.create",
    "sessions.compaction.run",
    "sessions.compaction.undo",
    "send",
    "message.action",
    "message.react",
    "message.edit",
    "message.delete",
    "outbox.resend",
    "outbox.discard",
    "wake",
    "heartbeat.now",
    "reminders.add",
    "reminders.remove",
  ],
  "operator.pairing": [
    "node.rename",
    "node.invite",
    "node.pair.list",
    "node.pair.request",
    "node.pair.verify",
    "node.pair.approve",
    "node.pair.reject",
    "node.pair.remove",
    "device.pair.list",
    "device.pair.approve",
    "device.pair.reject",
    "device.pair.remove",
    "device.token.rotate",
    "device.token.revoke",
    "pairing.list",
    "channels.pairing.list",
    "pairing.approve",
    "pairing.revoke",
  ],
  "operator.approvals": [
    "exec.approval.request",
    "exec.approval.waitDecision",
    "exec.approval.resolve",
    "exec.approval.list",
    "exec.approval.get",
    "approval.history",
    "plugin.approval.list",
    "openclaw.approval.list",
    "exec.approval.grants.list",
  ],
  "operator.admin": [
    "config.check",
    "config.history",
    "config.undo",
    "agents.files.list",
    "agents.files.get",
    "agents.files.set",
    "device.invite",
    "wizard.start",
    "wizard.next",
    "wizard.cancel",
    "wizard.status",
    "backup.now",
    "backup.list",
    "backup.verify",
    "backup.drill",
    "backup.prune",
    "backup.restore",
    "backup.undo",
    "state.sizes",
    "update.run",
    "update.check",
    "import.found",
    "import.plan",
    "import.apply",
    "import.undo",
    "update.undo",
    "gateway.restart",
    "set-heartbeats",
    "cron.add",
    "cron.update",
    "cron.remove",
    "cron.run",
    "hooks.test",
    "exec.approvals.get",
    "exec.approvals.set",
    "exec.approvals.node.get",
    "exec.approvals.node.set",
    "exec.allowlist.list",
    "exec.allowlist.add",
    "exec.allowlist.remove",
    "models.set",
    "models.auth.set",
    "models.auth.remove",
    "models.scan",
    "config.get",
    "config.set",
    "config.apply",
    "config.patch",
    "config.schema",
    "sessions.patch",
    "sessions.reset",
    "sessions.delete",
    "sessions.compact",
    "sessions.resolve",
    "system-event",
    "chat.inject",
    "poll",
    "channels.names",
    "channels.start",
    "channels.stop",
    "channels.add",
    "channels.remove",
    "channels.logout",
    "web.login.start",
    "web.login.wait",
    "agent.prompt",
    "skills.install",
    "skills.update",
    "memory.search",
    "memory.status",
    "update.status",
    "runs.get",
    "runs.events",
    "runs.export",
    "runs.replay",
    "mcp.test",
  ],
} as const;

/** Handled, but not shown in hello-ok. */
const UNLISTED = [
  ...["sessions.resolve", "chat.inject", "poll"],
  // There are none of these here; whoever asks is told so.
  ...["plugin.approval.list", "openclaw.approval.list", "exec.approval.grants.list", "question.list"],
  ...["environments.list", "worktrees.list", "transcripts.list", "artifacts.list", "migrations.memory.plan"],
  ...["skills.library.list", "skills.search", "skills.proposals.list", "plugins.list", "plugins.catalog.browse"],
  ...["progressCard.get", "sessions.branches.list", "sessions.companion.state", "sessions.observer.visibility"],
  ...["themes.list", "update.status", "diagnostics.lanes"],
];

/** For nodes and nobody else. */
const OF_NODES = [
  ...["skills.bins", "node.invoke.result", "node.invoke.progress", "node.event"],
  ...["node.pending.drain", "node.pending.pull", "node.pending.ack"],
  "node.pluginSurface.refresh",
  ...["push.node.vapidPublicKey", "push.node.subscribe"],
];

type Scope = keyof typeof TABLE;
const SCOPES = Object.keys(TABLE) as Scope[];

/** Scopes that satisfy each one. */
const SATISFIED_BY: Readonly<Record<Scope, readonly string[]>> = {
  "operator.read": ["operator.read", "operator.write", "operator.admin"],
  "operator.write": ["operator.write", "operator.admin"],
  "operator.pairing": ["operator.pairing", "operator.admin"],
  "operator.approvals": ["operator.approvals", "operator.admin"],
  "operator.admin": ["operator.admin"],
};

const clients = new Map<string, WireClient>();
for (const scope of SCOPES) clients.set(scope, await gateway.connect({ scopes: [scope] }));
const node = await gateway.connect({
  device: newDeviceKey(),
  role: "node",
  client: { id: "node-host", mode: "node" },
});
const four = await gateway.connect({ protocol: 4, scopes: ["operator.approvals"] });

/** Params that no method accepts: whoever is let through gets a validation error and nothing happens. */
const SPOILT = [] as const;

function isLetThrough({ error }: Frame): boolean {
  return !/^(missing scope|unauthorized role)/.test(error?.message ?? "");
}

test("the table names exactly the methods that there are", () => {
  const named = [...Object.values(TABLE).flat(), ...OF_NODES].toSorted();

  assert.deepEqual(
    named.filter((name) => METHODS.has(name)),
    [...METHODS.keys()].toSorted(),
  );
});

test("exactly the listed ones are shown", () => {
  const hidden = [...METHODS.values()].filter(({ listed }) => !listed).map(({ name }) => name);

  assert.deepEqual(hidden.toSorted(), UNLISTED.filter((name) => METHODS.has(name)).toSorted());
});

/** What comes of a method that each connection calls: who is let through, and how the others are refused. */
async function outcomeOf(method: string): Promise<Outcome> {
  const callers = [...clients, ["node", node] as const];
  const answers = await Promise.all(callers.map(([, client]) => client.request(method, SPOILT)));
  const isThrough = answers.map(isLetThrough);
  const refusals = answers
    .filter((_, index) => !isThrough[index])
    .map(({ error }) => `${error?.code} ${error?.message}`);
  return {
    through: callers
      .filter((_, index) => isThrough[index])
      .map(([who]) => who)
      .toSorted(),
    refusals: [...new Set(refusals)].toSorted(),
  };
}

interface Outcome {
  readonly through: readonly string[];
  readonly refusals: readonly string[];
}

const ROWS = Object.entries(TABLE).flatMap(([wanted, methods]) =>
  methods.filter((name) => METHODS.has(name)).map((name) => [name, wanted as Scope] as const),
);

test("every method lets through exactly the scopes that satisfy its own, and no node", async () => {
  const outcomes: [string, Outcome][] = [];
  for (const [method] of ROWS) outcomes.push([method, await outcomeOf(method)]);

  const expected = ROWS.map(([method, wanted]) => [
    method,
    {
      through: SATISFIED_BY[wanted].toSorted(),
      refusals: [`INVALID_REQUEST missing scope: ${wanted}`, "INVALID_REQUEST unauthorized role: node"],
    },
  ]);
  assert.deepEqual(outcomes, expected);
});

test("the methods of nodes let nobody else through", async () => {
  const outcomes = await Promise.all(OF_NODES.map(outcomeOf));

  assert.deepEqual(
    outcomes,
    OF_NODES.map(() => ({ through: ["node"], refusals: ["INVALID_REQUEST unauthorized role: operator"] })),
  );
});

test("a missing scope is named, in the words of each protocol", async () => {
  const three = await clients.get("operator.approvals")!.request("health");
  const other = await four.request("health");

  assert.deepEqual(three.error, {
    code: "INVALID_REQUEST",
    message: "missing scope: operator.read",
    details: { code: "MISSING_SCOPE", missingScope: "operator.read" },
  });
  assert.deepEqual(other.error, {
    code: "FORBIDDEN",
    message: "missing scope: operator.read",
    details: { code: "MISSING_SCOPE", missingScope: "operator.read", requiredScopes: ["operator.read"] },
  });
});

test("whoever writes by protocol 4 may name, sort and steer a conversation, but not say what its agent may do", async () => {
  const writer = await gateway.connect({ protocol: 4, scopes: ["operator.write"] });
  const patch = async (change: object) => (await writer.request("sessions.patch", { key: "desk", ...change })).error;

  const allowed = await Promise.all(
    [{ label: "Desk" }, { pinned: true }, { archived: false }, { thinkingLevel: "low" }, { model: null }].map(patch),
  );
  const refused = await Promise.all(
    [{ execSecurity: "full" }, { elevatedLevel: "full" }, { label: "x", sendPolicy: "deny" }].map(patch),
  );

  assert.deepEqual(allowed, Array(5).fill(undefined));
  // Refusals of handlers are in the words of each protocol, too.
  const missing = {
    code: "FORBIDDEN",
    message: "missing scope: operator.admin",
    details: { code: "MISSING_SCOPE", missingScope: "operator.admin", requiredScopes: ["operator.admin"] },
  };
  assert.deepEqual(refused, Array(3).fill(missing));
});

const NO_METHODS: readonly (readonly [method: string, message: string])[] = [
  ["no.such.method", "unknown method: no.such.method"],
  ["connect", "connect is only valid as the first request"],
  ["__proto__", "unknown method: __proto__"],
];
for (const [method, message] of NO_METHODS) {
  test(`${method}: everybody is told that there is no such method, whatever they may do`, async () => {
    const callers = [...clients.values(), four, node];
    const answers = await Promise.all(callers.map((client) => client.request(method)));

    assert.deepEqual(
      answers.map(({ error }) => error),
      callers.map(() => ({ code: "INVALID_REQUEST", message })),
    );
  });
}

test("authorization comes before validation", async () => {
  const { error } = await clients.get("operator.read")!.request("config.set", { wrong: true });

  assert.equal(error?.message, "missing scope: operator.admin");
});

test("several scopes add up", async () => {
  const client = await gateway.connect({ scopes: ["operator.read", "operator.pairing"] });

  assert.equal((await client.request("last-heartbeat")).ok, true);
  assert.equal((await client.request("device.pair.list")).ok, true);
  assert.equal((await client.request("config.get")).error?.message, "missing scope: operator.admin");
});
