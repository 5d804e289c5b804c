// What clients of protocol 4 read of agents, models, commands and approvals; protocol 3 is answered as ever.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";

const config = {
  agents: {
    defaults: { model: { primary: "mine/big", fallbacks: ["mine/small"] }, thinkingDefault: "low" },
    list: [{ id: "main" }, { id: "work", name: "Work", model: "other/only" }],
  },
  models: {
    detectLocal: false,
    providers: {
      mine: {
        baseUrl: "http://127.0.0.1:1/v1",
        models: [
          { id: "big", name: "Big", contextWindow: 100_000, reasoning: false, input: ["text"] },
          { id: "small" },
        ],
      },
      other: { baseUrl: "https://models.example/v1", apiKey: "key-of-other-1234", models: [{ id: "only" }] },
    },
  },
};
const gateway = await testGateway({ config: JSON.stringify(config), env: { MISTRAL_API_KEY: "key-of-mistral-1234" } });
after(() => gateway[Symbol.asyncDispose]());
const old = await gateway.connect();
const page = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
const reader = await gateway.connect({ protocol: 4, scopes: ["operator.read"] });

test("hello-ok names the catalogue of models to protocol 4 alone", () => {
  assert.deepEqual(page.hello.features.capabilities, ["published-model-catalog"]);
  assert.equal("capabilities" in old.hello.features, false);
});

test("agents.list names the model of each agent", async () => {
  const { agents, ...head } = await page.call("agents.list", {});
  const { agents: before } = await old.call("agents.list", {});

  assert.deepEqual(head, { defaultId: "main", mainKey: "main", scope: "per-sender" });
  assert.deepEqual(agents, [
    { id: "main", kind: "agent", model: { primary: "mine/big", fallbacks: ["mine/small"] } },
    { id: "work", name: "Work", kind: "agent", model: { primary: "other/only", fallbacks: [] } },
  ]);
  assert.deepEqual(before, [{ id: "main" }, { id: "work", name: "Work" }]);
});

test("models.list with details says what each can do, where it runs, and which one answers", async () => {
  const { models } = await reader.call("models.list", { view: "default", includeDetails: true, provider: "mine" });

  assert.deepEqual(models, [
    {
      ...{ id: "big", name: "Big", provider: "mine", contextWindow: 100_000, reasoning: false, input: ["text"] },
      ...{ local: true, available: true, tags: ["default"], thinkingLevels: ["off"], thinkingDefault: "low" },
    },
    {
      ...{ id: "small", name: "small", provider: "mine", local: true, available: true },
      ...{ thinkingLevels: ["off", "minimal", "low", "medium", "high", "xhigh"], thinkingDefault: "low" },
    },
  ]);
});

test("models.list takes the default from the conversation or the agent it is asked for", async () => {
  await page.call("sessions.patch", { key: "agent:main:small", model: "mine/small" });

  const tagged = async (params: object) =>
    (await page.call("models.list", { ...params, includeDetails: true })).models.flatMap(
      ({ id, tags }: { id: string; tags?: string[] }) => (tags ? [id] : []),
    );

  assert.deepEqual(await tagged({ sessionKey: "agent:main:small" }), ["small"]);
  assert.deepEqual(await tagged({ agentId: "work" }), ["only"]);
});

test("models.list without details is short, and the same on both protocols", async () => {
  const { models } = await page.call("models.list", { view: "all" });

  assert.deepEqual(models, (await old.call("models.list", {})).models);
});

test("models.authStatus says whose keys there are, and shows none", async () => {
  const status = await reader.call("models.authStatus", { agentId: "main" });

  const brief = status.providers.map(
    ({ provider, status: how, apiKey }: { provider: string; status: string; apiKey?: { source: string } }) => [
      ...[provider, how, apiKey?.source],
    ],
  );
  assert.deepEqual(brief, [
    ["mine", "ok", undefined],
    ["other", "ok", "config"],
    ["mistral", "ok", "env"],
  ]);
  assert.doesNotMatch(JSON.stringify(status), /key-of-/);
});

test("commands.list has rows that clients of either protocol read", async () => {
  const { commands } = await reader.call("commands.list", { agentId: "main", scope: "text", includeArgs: false });
  const { commands: before } = await old.call("commands.list", {});

  const [help] = commands.filter(({ name }: { name: string }) => name === "help");
  assert.deepEqual(
    [help.textAliases.slice(0, 2), help.description, help.source, help.scope, typeof help.acceptsArgs],
    [["/help", "/commands"], help.summary, "native", "text", "boolean"],
  );
  assert.equal("textAliases" in before[0], false);
});

test("exec.approval.list is a bare list to protocol 4, and what was decided is approval.history", async () => {
  const asked = page.request("exec.approval.request", { id: "one", command: "ls -l", timeoutMs: 60_000 });
  await page.nextOf("exec.approval.requested");
  const waiting = await page.call("exec.approval.list", {});
  const before = await old.call("exec.approval.list", {});
  await page.call("exec.approval.resolve", { id: "one", decision: "deny" });
  await asked;
  const { items } = await page.call("approval.history", { limit: 50 });

  assert.deepEqual(
    waiting.map(({ id, request }: { id: string; request: { command: string } }) => [id, request.command]),
    [["one", "ls -l"]],
  );
  assert.deepEqual(before.pending, waiting);
  assert.deepEqual(
    items.map(({ id, command, decision }: Record<string, string>) => [id, command, decision]),
    [["one", "ls -l", "deny"]],
  );
  assert.deepEqual(await page.call("exec.approval.list", {}), []);
});

test("exec.approvals.get says to protocol 4 what counts where the file says nothing", async () => {
  const before = await old.call("exec.approvals.get", {});
  const { resolvedDefaults, ...rest } = await page.call("exec.approvals.get", {});
  const file = { version: 1, defaults: { security: "deny", ask: "always" } };
  await page.call("exec.approvals.set", { file });
  const { resolvedDefaults: set } = await page.call("exec.approvals.get", {});

  assert.deepEqual(rest, before);
  assert.deepEqual(resolvedDefaults, {
    ...{ security: "allowlist", ask: "on-miss", askFallback: "deny", autoAllowSkills: false },
  });
  assert.deepEqual(set, { security: "deny", ask: "always", askFallback: "deny", autoAllowSkills: false });
});
