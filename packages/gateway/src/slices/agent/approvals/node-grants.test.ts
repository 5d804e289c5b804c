import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { NodeGrants } from "./node-grants.ts";
import type { Waiting } from "./pending.ts";

const REQUEST = {
  ...{ command: "uname -a", cwd: "/tmp", host: "node", nodeId: "kitchen", agentId: "main", sessionKey: "agent:main" },
  ...{ security: null, ask: null, resolvedPath: null, env: { A: "1" } },
};
const PARAMS = { command: ["uname", "-a"], cwd: "/tmp", agentId: "main", sessionKey: "agent:main", env: { A: "1" } };

/** Grants with one decision about `uname -a` on the kitchen. */
function stage(decision: "allow-once" | "allow-always" | "deny" = "allow-once", request: object = REQUEST) {
  const clock = new FakeClock();
  const grants = new NodeGrants(clock);
  const waiting = { request, askedBy: "me" } as unknown as Waiting;
  grants.ended(waiting, { kind: "decided", decision, by: { name: "somebody", surface: "webchat" } });
  const spend = (params: object = {}, { nodeId = "kitchen", principal = "me" } = {}) =>
    grants.spend({ nodeId, params: { ...PARAMS, ...params }, caller: { principal, scopes: new Set() } });
  return { clock, spend };
}

/** What differs from the program that was allowed. */
const OTHERS: Readonly<Record<string, [params: object, call?: { nodeId?: string; principal?: string }]>> = {
  "another node": [{}, { nodeId: "cellar" }],
  "another caller": [{}, { principal: "somebody else" }],
  "another argument": [{ command: ["uname", "-r"] }],
  "arguments that are cut in another way": [{ command: ["uname -a"] }],
  "another folder": [{ cwd: "/" }],
  "no folder": [{ cwd: undefined }],
  "another agent": [{ agentId: "work" }],
  "another conversation": [{ sessionKey: "agent:main:other" }],
  "another variable": [{ env: { A: "2" } }],
  "one more variable": [{ env: { A: "1", LD_PRELOAD: "/x" } }],
  "another text beside it": [{ rawCommand: "rm -rf /" }],
};

for (const [what, [params, call]] of Object.entries(OTHERS))
  test(`a decision does not cover ${what}, and is still there for the program itself`, () => {
    const { spend } = stage();

    const other = spend(params, call);

    assert.deepEqual([other, spend()], [undefined, "allow-once"]);
  });

test("a decision is spent once, within two minutes, and a no is none", () => {
  const once = stage("allow-always");
  const late = stage();
  late.clock.advance(120_000);

  assert.deepEqual([once.spend(), once.spend()], ["allow-always", undefined]);
  assert.equal(late.spend(), undefined);
  assert.equal(stage("deny").spend(), undefined);
});

test("a request of January 2026 names no node, and one for the gateway itself allows nothing on a node", () => {
  const { nodeId: _node, ...unnamed } = REQUEST;

  assert.equal(stage("allow-once", unnamed).spend({}, { nodeId: "cellar" }), "allow-once");
  assert.equal(stage("allow-once", { ...REQUEST, host: "gateway" }).spend(), undefined);
});
