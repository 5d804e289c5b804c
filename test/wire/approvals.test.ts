// Approvals of commands on the wire (protocol section 5.17), in both protocols.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { FakeClock } from "../fakes/clock.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** Asks, and does not wait for the decision. */
function leaveOpen(client: WireClient, params: object): void {
  client.request("exec.approval.request", params).catch((error: unknown) => ignore(error, "nobody decides"));
}

const APPROVALS = { scopes: ["operator.approvals"] };
const ADMIN = { scopes: ["operator.admin"] };

describe("exec.approval.request", () => {
  test("is shown to those who may decide, and answers with the decision", async () => {
    await using gateway = await testGateway();
    const asker = await gateway.connect(APPROVALS);
    const decider = await gateway.connect(APPROVALS);
    const asked = asker.request("exec.approval.request", { id: "a1", command: "ls", cwd: "/tmp", host: "node" });
    const { payload } = await decider.nextOf("exec.approval.requested");

    const answer = await decider.call("exec.approval.resolve", { id: "a1", decision: "allow-once" });

    const { code, remembers, ...shown } = payload;
    const request = { command: "ls", cwd: "/tmp", host: "node" };
    const absent = { security: null, ask: null, agentId: null, resolvedPath: null, sessionKey: null };
    const times = { createdAtMs: shown.createdAtMs, expiresAtMs: shown.createdAtMs + 120_000 };
    assert.deepEqual(shown, { id: "a1", request: { ...request, ...absent }, ...times });
    assert.deepEqual(answer, { ok: true });
    assert.deepEqual((await asked).payload, { id: "a1", decision: "allow-once", ...times });
    const { ts, resolvedBy, ...resolved } = (await asker.nextOf("exec.approval.resolved")).payload;
    assert.deepEqual(resolved, { id: "a1", decision: "allow-once" });
    assert.equal(typeof resolvedBy, "string");
  });

  test("is not shown to others", async () => {
    await using gateway = await testGateway();
    const asker = await gateway.connect(APPROVALS);
    const reader = await gateway.connect({ scopes: ["operator.write", "operator.pairing"] });
    leaveOpen(asker, { id: "a1", command: "ls" });
    await asker.nextOf("exec.approval.requested");

    await reader.call("health", {});

    assert.deepEqual(
      reader.frames.filter(({ event }) => event?.startsWith("exec.")),
      [],
    );
    const refused = await reader.request("exec.approval.resolve", { id: "a1", decision: "allow-once" });
    assert.equal(refused.error?.message, "missing scope: operator.approvals");
  });

  test("answers null when nobody decides in time, and tells nobody", async () => {
    const clock = new FakeClock();
    await using gateway = await testGateway({ clock });
    const asker = await gateway.connect(APPROVALS);
    const asked = asker.request("exec.approval.request", { id: "a1", command: "ls", timeoutMs: 1_000 });
    await asker.nextOf("exec.approval.requested");

    clock.advance(1_001);

    assert.equal((await asked).payload.decision, null);
    assert.equal(
      asker.frames.some(({ event }) => event === "exec.approval.resolved"),
      false,
    );
    const late = await asker.request("exec.approval.resolve", { id: "a1", decision: "allow-once" });
    assert.equal(late.error?.message, "unknown approval id");
  });

  test("refuses an id that waits already, and a decision that is none", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(APPROVALS);
    leaveOpen(client, { id: "a1", command: "ls" });
    await client.nextOf("exec.approval.requested");

    const again = await client.request("exec.approval.request", { id: "a1", command: "rm -rf /" });
    const wrong = await client.request("exec.approval.resolve", { id: "a1", decision: "maybe" });
    const unknown = await client.request("exec.approval.resolve", { id: "a2", decision: "deny" });

    assert.deepEqual(
      [again, wrong, unknown].map(({ error }) => `${error?.code}: ${error?.message}`),
      [
        "INVALID_REQUEST: approval id already pending",
        "INVALID_REQUEST: invalid decision",
        "INVALID_REQUEST: unknown approval id",
      ],
    );
    assert.equal((await client.call("exec.approval.get", { id: "a1" })).request.command, "ls");
  });

  test("is taken back when whoever asked has gone", async () => {
    await using gateway = await testGateway();
    const asker = await gateway.connect(APPROVALS);
    const other = await gateway.connect(APPROVALS);
    leaveOpen(asker, { id: "a1", command: "ls" });
    await other.nextOf("exec.approval.requested");

    asker[Symbol.dispose]();

    assert.equal((await other.nextOf("exec.approval.resolved")).payload.decision, "deny");
  });

  test("at most 64 wait", async () => {
    await using gateway = await testGateway();
    const clients = await Promise.all([1, 2, 3, 4].map(() => gateway.connect(APPROVALS)));
    const ids = Array.from({ length: 64 }, (_, index) => index);
    for (const id of ids) leaveOpen(clients[id % 4]!, { id: `a${id}`, command: "ls" });
    for (const _ of ids) await clients[0]!.nextOf("exec.approval.requested");

    const { error } = await clients[0]!.request("exec.approval.request", { command: "ls" });

    assert.equal(error?.code, "UNAVAILABLE");
    assert.match(error?.message ?? "", /^64 commands wait for approval already/);
  });
});

describe("protocol 4", () => {
  test("answers at once that the request waits, then with the decision", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect({ ...APPROVALS, protocol: 4 });
    const asked = client.request("exec.approval.request", { id: "a1", command: "ls", twoPhase: true });
    const accepted = (await asked).payload;
    const waited = client.request("exec.approval.waitDecision", { id: "a1" });

    await client.call("exec.approval.resolve", { id: "a1", decision: "deny" });

    const { status, ...times } = accepted;
    assert.equal(status, "accepted");
    assert.deepEqual((await waited).payload, { ...times, decision: "deny" });
    assert.deepEqual((await client.call("exec.approval.waitDecision", { id: "a1" })).decision, "deny");
  });

  test("has an error code of its own for what does not wait", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect({ ...APPROVALS, protocol: 4 });

    const answers = await Promise.all([
      client.request("exec.approval.resolve", { id: "a1", decision: "deny" }),
      client.request("exec.approval.get", { id: "a1" }),
      client.request("exec.approval.waitDecision", { id: "a1" }),
    ]);

    assert.deepEqual(
      answers.map(({ error }) => error?.code),
      ["APPROVAL_NOT_FOUND", "APPROVAL_NOT_FOUND", "APPROVAL_NOT_FOUND"],
    );
  });
});

test("what waits and what was decided can be listed", async () => {
  await using gateway = await testGateway();
  const client = await gateway.connect(APPROVALS);
  leaveOpen(client, { id: "a1", command: "ls" });
  leaveOpen(client, { id: "a2", command: "rm x" });
  await client.nextOf("exec.approval.requested");
  await client.nextOf("exec.approval.requested");
  await client.call("exec.approval.resolve", { id: "a2", decision: "deny" });

  const { pending, recent } = await client.call("exec.approval.list", {});

  assert.deepEqual(
    pending.map(({ id }: { id: string }) => id),
    ["a1"],
  );
  assert.deepEqual(
    recent.map(({ id, command, decision }: Record<string, unknown>) => ({ id, command, decision })),
    [{ id: "a2", command: "rm x", decision: "deny" }],
  );
});

describe("exec.approvals.get and set", () => {
  const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  test("a file that is not there is empty, and may be written without a hash", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(ADMIN);
    const path = join(gateway.stateDir, "exec-approvals.json");
    const before = await client.call("exec.approvals.get", {});

    const after = await client.call("exec.approvals.set", { file: { version: 1, defaults: { security: "deny" } } });

    assert.deepEqual(before, { path, exists: false, hash: EMPTY_HASH, file: { version: 1, agents: {} } });
    assert.deepEqual(after.file, { version: 1, defaults: { security: "deny" } });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("a file that is there is replaced only by whoever has read it", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(ADMIN);
    const first = await client.call("exec.approvals.set", { file: { version: 1 } });
    const file = { version: 1, agents: { main: { ask: "always" } } };

    const without = await client.request("exec.approvals.set", { file });
    const right = await client.request("exec.approvals.set", { file, baseHash: first.hash });
    const stale = await client.request("exec.approvals.set", { file, baseHash: first.hash });

    assert.equal(without.error?.message, "exec approvals base hash required; re-run exec.approvals.get and retry");
    assert.equal(right.ok, true);
    assert.equal(stale.error?.message, "exec approvals changed since last load; re-run exec.approvals.get and retry");
  });

  test("the token of the socket is never shown, and kept", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(ADMIN);
    const path = join(gateway.stateDir, "exec-approvals.json");
    writeFileSync(path, JSON.stringify({ version: 1, socket: { path: "/run/x", token: "hidden-token" } }));
    const { hash, file } = await client.call("exec.approvals.get", {});

    await client.call("exec.approvals.set", { file: { ...file, defaults: { ask: "always" } }, baseHash: hash });

    assert.deepEqual(file, { version: 1, socket: { path: "/run/x" } });
    assert.deepEqual(JSON.parse(readFileSync(path, "utf8")).socket, { path: "/run/x", token: "hidden-token" });
  });

  test("what nobody understands is refused, and changes nothing", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(ADMIN);
    const files = [
      { version: 2 },
      { version: 1, defaults: { security: "everything" } },
      { version: 1, agents: { main: { ask: "sometimes" } } },
      { version: 1, agents: { main: { allowlist: [{ pattern: "/bin/ls", more: 1 }] } } },
    ];

    for (const file of files) {
      const { error } = await client.request("exec.approvals.set", { file });
      assert.equal(error?.code, "INVALID_REQUEST", JSON.stringify(file));
    }
    assert.equal((await client.call("exec.approvals.get", {})).exists, false);
  });

  test("a node that is not connected is said so", async () => {
    await using gateway = await testGateway();
    const client = await gateway.connect(ADMIN);

    const { error } = await client.request("exec.approvals.node.get", { nodeId: "mac" });

    assert.deepEqual(error, { code: "UNAVAILABLE", message: "node not connected", details: { code: "NOT_CONNECTED" } });
  });
});

test("programs go on the allowlist by name, and off it again", async () => {
  await using gateway = await testGateway();
  const client = await gateway.connect(ADMIN);
  const { added } = await client.call("exec.allowlist.add", { pattern: "ls" });
  const twice = await client.call("exec.allowlist.add", { pattern: "ls" });
  const missing = await client.request("exec.allowlist.add", { pattern: "no-such-program" });

  await client.call("exec.allowlist.remove", { entry: added[0].id });

  assert.match(added[0].pattern, /^\/.*\/ls$/);
  assert.deepEqual(twice.added, []);
  assert.match(missing.error?.message ?? "", /^there is no program no-such-program/);
  assert.deepEqual((await client.call("exec.allowlist.list", {})).entries, []);
});
