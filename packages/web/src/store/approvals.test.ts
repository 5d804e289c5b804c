import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayClient } from "@moltbot/protocol";
import { Approvals, readApproval } from "./approvals.ts";

const waiting = (id: string, more: object = {}) => ({
  ...{ id, request: { command: `run ${id}` }, expiresAtMs: Date.now() + 3_600_000, ...more },
});

/** The approvals of a page; `list` is what the gateway has. */
function paged({ list = [] as unknown, isAllowed = true } = {}) {
  const heard = new Map<string, (payload: unknown) => void>();
  const told: string[] = [];
  const asked: unknown[][] = [];
  const gateway = {
    on: (event: string, listener: (payload: unknown) => void) => heard.set(event, listener),
    request: async (...call: unknown[]) => {
      asked.push(call);
      return list;
    },
  } as unknown as GatewayClient;
  const approvals = new Approvals({
    ask: (method, ...asking) => gateway.request(method, ...asking),
    isAllowed: () => isAllowed,
    onChange: () => {},
    onRequest: ({ id }) => told.push(`waits ${id}`),
    onEnd: (id) => told.push(`over ${id}`),
  });
  approvals.listen(gateway);
  const say = (event: string, payload: unknown) => heard.get(`exec.approval.${event}`)?.(payload);
  return { approvals, told, asked, say, ids: () => approvals.waiting.map(({ id }) => id) };
}

test("a command that waits is there until somebody has answered, here or elsewhere", async () => {
  const page = paged();

  page.say("requested", waiting("a"));
  page.say("requested", waiting("b"));
  const both = page.ids();
  page.say("resolved", { id: "a", decision: "deny" });
  const one = page.ids();
  await page.approvals.resolve(page.approvals.waiting[0]!, "allow-once");

  assert.deepEqual([both, one, page.ids()], [["a", "b"], ["b"], []]);
  assert.deepEqual(page.told, ["waits a", "waits b", "over a", "over b"]);
  assert.deepEqual(page.asked, [
    ["exec.approval.resolve", { id: "b", decision: "allow-once" }],
    ["exec.approval.list"],
  ]);
});

test("a command that is told twice waits once, as it was told last", () => {
  const page = paged();

  page.say("requested", waiting("a"));
  page.say("requested", waiting("a", { request: { command: "another" } }));
  page.say("resolved", { id: "a" });

  assert.deepEqual(page.told, ["waits a", "waits a", "over a"]);
});

test("what a fresh list does not hold is over", async () => {
  const page = paged({ list: [waiting("b")] });
  page.say("requested", waiting("a"));

  await page.approvals.load();
  const after = page.ids();
  page.say("resolved", { id: "b" });

  assert.deepEqual([after, page.told], [["b"], ["waits a", "over a", "over b"]]);
});

test("when the time of a command is over the gateway is asked", { timeout: 20_000 }, async () => {
  const page = paged();

  page.say("requested", waiting("a", { expiresAtMs: Date.now() - 1 }));
  while (page.ids().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));

  assert.deepEqual([page.asked, page.told], [[["exec.approval.list"]], ["waits a", "over a"]]);
});

test("who may not answer sees nothing, and asks nothing", async () => {
  const page = paged({ list: [waiting("b")], isAllowed: false });

  page.say("requested", waiting("a"));
  await page.approvals.load();

  assert.deepEqual([page.ids(), page.told, page.asked], [[], [], []]);
});

test("a command is read with all that a person decides by", () => {
  const approval = readApproval({
    ...{ id: "a", remembers: true, always: "node * may run", code: "ABC", expiresAtMs: 7 },
    request: {
      ...{ command: "node x", cwd: "/w", host: "node", agentId: "main", sessionKey: "agent:main:main" },
      ...{ resolvedPath: "/bin/node", env: { A: "1" }, why: ["new"] },
    },
  });

  assert.deepEqual(approval, {
    ...{ id: "a", command: "node x", cwd: "/w", host: "node", agentId: "main", sessionKey: "agent:main:main" },
    ...{ resolvedPath: "/bin/node", env: ["A=1"], why: ["new"], canRemember: true, always: "node * may run" },
    ...{ code: "ABC", expiresAt: 7 },
  });
});

test("what is no command that waits is not read; what is missing of one is empty", () => {
  for (const odd of [undefined, 7, {}, { id: "a" }, { id: 7, request: { command: "x" } }, { id: "a", request: {} }])
    assert.equal(readApproval(odd), undefined);

  const bare = readApproval({ id: "a", request: { command: "x", cwd: "" } });

  assert.deepEqual([bare?.cwd, bare?.env, bare?.why, bare?.canRemember], [undefined, [], [], false]);
});
