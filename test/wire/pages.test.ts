// What the pages and commands of protocol 4 clients ask for beside conversations: each finds an answer in its shape.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";

const models = await fakeOpenAI();
after(() => models[Symbol.asyncDispose]());
const gateway = await testGateway({
  config: JSON.stringify({
    gateway: { auth: { token: "token-of-the-file-1234" } },
    agents: { defaults: { model: "mine/fake-model", workspace: "/home/somebody/secret-place" } },
    models: {
      detectLocal: false,
      providers: { mine: { baseUrl: models.baseUrl, apiKey: "key-of-the-provider-1234" } },
    },
    mcp: { servers: { files: { command: "/opt/tools/server", args: ["--key", "key-in-an-argument"] } } },
    tools: { exec: { security: "allowlist", ask: "on-miss" } },
  }),
});
after(() => gateway[Symbol.asyncDispose]());
const page = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
const reader = await gateway.connect({ protocol: 4, scopes: ["operator.read"] });
const old = await gateway.connect({ scopes: ["operator.read"] });

/** What stands in the settings and is nobody's business who only reads. */
const GUARDED = [
  ...["token-of-the-file-1234", "key-of-the-provider-1234", "key-in-an-argument", "secret-place", "/opt/tools"],
  gateway.token!,
  gateway.stateDir,
  gateway.configPath,
  gateway.stateDir.split("/").at(-2)!,
];

test("config.get on protocol 4 tells readers the levels of commands, and nothing that is guarded", async () => {
  const shown = await reader.call("config.get", {});
  const text = JSON.stringify(shown);

  assert.deepEqual(
    [shown.valid, shown.exists, shown.config.tools.exec.security, shown.config.tools.exec.ask],
    [...[true, true, "allowlist", "on-miss"]],
  );
  assert.deepEqual(
    GUARDED.filter((secret) => text.includes(secret)),
    [],
  );
});

test("config.get is whole for admins on both protocols, and theirs alone on protocol 3", async () => {
  const own = await page.call("config.get", {});
  const { error } = await old.request("config.get", {});
  const writer = await gateway.connect({ protocol: 4, scopes: ["operator.pairing", "operator.approvals"] });
  const { error: other } = await writer.request("config.get", {});

  assert.equal(own.path, gateway.configPath);
  assert.equal(own.config.agents.defaults.workspace, "/home/somebody/secret-place");
  assert.equal(error?.message, "missing scope: operator.admin");
  assert.equal(other?.message, "missing scope: operator.read");
});

test("config.schema and config.schema.lookup tell readers what can be set, not what is", async () => {
  const { schema } = await reader.call("config.schema", {});
  const found = await reader.call("config.schema.lookup", { path: "agents.defaults.model" });
  const inList = await reader.call("config.schema.lookup", { path: "agents.list[0]" });
  const all = await reader.call("config.schema.lookup", { path: "" });
  const { error } = await reader.request("config.schema.lookup", { path: "gateway.prot" });

  assert.equal(schema.type, "object");
  assert.deepEqual(
    found.children.map(({ path }: { path: string }) => path),
    ["agents.defaults.model.primary", "agents.defaults.model.fallbacks"],
  );
  assert.ok(inList.children.some(({ key, type }: { key: string; type: string }) => key === "id" && type === "string"));
  assert.deepEqual(
    all.children.map(({ key }: { key: string }) => key),
    Object.keys(schema.properties),
  );
  assert.equal(error?.message, 'there is no setting "gateway.prot"; config.schema shows all');
  assert.equal((await old.request("config.schema", {})).error?.message, "missing scope: operator.admin");
});

test("sessions.usage counts what models took, by conversation, model, agent, channel and day", async () => {
  await page.request("agent", { message: "count this", sessionKey: "agent:main:counted", idempotencyKey: "usage-1" });
  await page.call("agent.wait", { runId: "usage-1", timeoutMs: 20_000 });
  const asked = {
    agentScope: "all",
    mode: "day",
    timeZone: "UTC",
    groupBy: "session",
    limit: 10,
    includeContextWeight: true,
  };

  const usage = await reader.call("sessions.usage", asked);
  const other = await reader.call("sessions.usage", { ...asked, agentId: "nobody" });
  const before = await reader.call("sessions.usage", { startDate: "2020-01-01", endDate: "2020-01-31" });

  const { totalTokens } = usage.totals;
  assert.ok(totalTokens > 0);
  assert.deepEqual(
    usage.sessions.map(({ key, agentId, usage: sum }: Record<string, { totalTokens: number }>) => [
      ...[key, agentId, sum?.totalTokens],
    ]),
    [["agent:main:counted", "main", totalTokens]],
  );
  const { byModel, byProvider, byAgent, byChannel, daily } = usage.aggregates;
  assert.deepEqual(
    [
      byModel.map(({ provider, model, count }: Record<string, unknown>) => [provider, model, count]),
      byProvider.map(({ provider }: Record<string, unknown>) => provider),
      byAgent.map(({ agentId }: Record<string, unknown>) => agentId),
      byChannel.map(({ channel }: Record<string, unknown>) => channel),
      daily.map(({ tokens }: Record<string, unknown>) => tokens),
    ],
    [[["mine", "fake-model", 1]], ["mine"], ["main"], ["counted"].map(() => "webchat"), [totalTokens]],
  );
  assert.deepEqual([other.totals.totalTokens, other.sessions], [0, []]);
  assert.deepEqual([before.startDate, before.endDate, before.totals.totalTokens], ["2020-01-01", "2020-01-31", 0]);
});

for (const endDate of ["2026-02-31", "yesterday", "2026-1-1", ""]) {
  test(`sessions.usage until ${JSON.stringify(endDate)} is refused in words`, async () => {
    const { error } = await reader.request("sessions.usage", { endDate });

    assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", "a day is written as 2026-03-29"]);
  });
}

test("tasks.list shows the newest runs, and filters them", async () => {
  await page.request("agent", { message: "/echo task", sessionKey: "agent:main:tasks", idempotencyKey: "task-1" });
  await page.call("agent.wait", { runId: "task-1", timeoutMs: 20_000 });

  const { tasks } = await reader.call("tasks.list", { limit: 1, sessionKey: "agent:main:tasks" });
  const { tasks: waiting } = await reader.call("tasks.list", { status: ["queued", "running"], limit: 50 });

  const [{ id, status, agentId, sessionKey }] = tasks;
  assert.deepEqual([id, status, agentId, sessionKey], ["task-1", "completed", "main", "agent:main:tasks"]);
  assert.deepEqual(waiting, []);
});

test("channels.pairing.list says who waits, on which accounts, and how many may", async () => {
  const answer = await page.call("channels.pairing.list", {});

  assert.deepEqual(answer, {
    ...{ accounts: [], requests: [], commandOwnerConfigured: false },
    limits: { pendingPerAccount: 100, ttlMs: 3_600_000 },
  });
});

test("system.info gives figures and no paths", async () => {
  const info = await reader.call("system.info", {});

  assert.deepEqual(Object.keys(info), [
    ...["hostname", "platform", "arch", "nodeVersion", "pid", "uptimeMs", "cpuCount", "memory"],
  ]);
  assert.ok(info.cpuCount > 0 && info.memory.totalBytes > info.memory.processBytes);
});

/** What there is none of, with the answer that a page finds empty. */
const EMPTY: Readonly<Record<string, unknown>> = {
  "plugin.approval.list": [],
  "openclaw.approval.list": [],
  "exec.approval.grants.list": { grants: [] },
  "question.list": { questions: [] },
  "environments.list": { environments: [] },
  "worktrees.list": { worktrees: [] },
  "transcripts.list": { sessions: [], nextCursor: null },
  "artifacts.list": { artifacts: [] },
  "migrations.memory.plan": { providers: [] },
  "skills.search": { results: [] },
  "skills.proposals.list": { proposals: [], installedSkills: [] },
  "plugins.list": { plugins: [], diagnostics: [], mutationAllowed: false, generation: 0 },
  "plugins.catalog.browse": { items: [] },
  "progressCard.get": { card: null },
  "sessions.branches.list": { branches: [] },
  "sessions.companion.state": { exchanges: [] },
  "sessions.observer.visibility": { ok: true },
};
for (const [method, answer] of Object.entries(EMPTY)) {
  test(`${method}: none, and not listed`, async () => {
    assert.deepEqual(await page.call(method, { sessionKey: "main", limit: 5, of: "the page" }), answer);
    assert.equal(page.hello.features.methods.includes(method), false);
  });
}

/** What clients call at a gateway that lists it, or that is built with nodes, cron and voice: it must not look as if it were there. */
const NOT_BUILT = [
  ...["taskSuggestions.list", "board.get", "terminal.open", "users.list", "voicewake.get", "projects.list"],
  ...["cron.list", "cron.status", "node.list", "node.pair.list", "wizard.start", "update.run"],
];
for (const method of NOT_BUILT.filter((name) => !METHODS.has(name))) {
  test(`${method} is neither listed nor answered: readers too are told that it is not known`, async () => {
    const { error } = await reader.request(method, {});

    assert.equal(reader.hello.features.methods.includes(method), false);
    assert.equal(error?.message, `unknown method: ${method}`);
  });
}
