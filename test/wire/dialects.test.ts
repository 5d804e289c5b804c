// One method, two ages of clients: what protocol 3 refuses in its old words, protocol 4 takes, or leaves aside.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({ verbose: true });
after(() => gateway[Symbol.asyncDispose]());
const old = await gateway.connect();
const today = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

/** Params as clients of protocol 4 send them; the first name is one that protocol 3 does not know. */
const SENT: readonly (readonly [method: string, unknown: string, params: Record<string, unknown>])[] = [
  [
    "chat.send",
    "sessionId",
    {
      sessionKey: "agent:main:main",
      sessionId: "2c1e0c57-7b1f-4b2f-9f51-0f6a2f2f0a01",
      message: "/help",
      deliver: false,
      idempotencyKey: "dialect-send",
    },
  ],
  ["chat.send", "agentId", { sessionKey: "main", agentId: "main", message: "/help", idempotencyKey: "dialect-agent" }],
  ["chat.history", "maxBytes", { sessionKey: "main", limit: 20, maxBytes: 400_000 }],
  ["chat.abort", "preserveSideRuns", { sessionKey: "main", preserveSideRuns: true }],
  [
    "sessions.list",
    "archived",
    {
      ...{ archived: false, limit: 50, offset: 0, sortBy: "updatedAt", excludeSubagents: true, includePeople: true },
      ...{ configuredAgentsOnly: false, ownerFirst: true, includeActivitySummary: true, hasBoard: false },
    },
  ],
  ["sessions.reset", "reason", { key: "main", reason: "reset", agentId: "main" }],
  ["sessions.patch", "unread", { key: "main", unread: false, expectedMarkedUnreadAt: null, thinkingLevel: "low" }],
  ["models.list", "view", { view: "default", includeDetails: true, agentId: "main", sessionKey: "main" }],
  ["commands.list", "scope", { scope: "text", agentId: "main", includeArgs: false }],
  ["skills.status", "agentId", { agentId: "main" }],
];

for (const [method, name, params] of SENT) {
  test(`${method} with ${name}: taken from protocol 4, refused from protocol 3 in its own words`, async () => {
    const { error } = await old.request(method, params);
    const { ok, error: other } = await today.request(method, params);

    assert.equal(error?.code, "INVALID_REQUEST");
    assert.ok(error?.message.startsWith(`invalid ${method} params: `));
    assert.ok(error?.message.includes(`at root: unexpected property '${name}'`), error?.message);
    assert.deepEqual([ok, other], [true, undefined]);
  });
}

test("what nobody knows is left aside on protocol 4 and noted at debug, and refused on protocol 3", async () => {
  const params = { fromTheFuture: { secret: "of a client" } };

  const { error } = await old.request("channels.status", params);
  const answer = await today.request("channels.status", params);

  const line = await gateway.logged("params that the method does not know were ignored");
  assert.equal(error?.message, "invalid channels.status params: at root: unexpected property 'fromTheFuture'");
  assert.equal(answer.ok, true);
  assert.equal(line.level, "debug");
  assert.equal(JSON.stringify(gateway.log).includes("of a client"), false);
});

test("what is left aside has no effect, not even under an object's own names", async () => {
  today.send(
    '{"type":"req","id":"proto","method":"chat.history","params":{"sessionKey":"main","__proto__":{"limit":0},"constructor":1}}',
  );

  assert.equal((await today.answerTo("proto")).ok, true);
});

test("what stands inside a known parameter is checked on both", async () => {
  const params = { key: "", agentId: 5 };

  const { error } = await today.request("sessions.describe", params);

  assert.equal(error?.code, "INVALID_REQUEST");
  assert.match(error?.message ?? "", /^invalid sessions\.describe params: at \/key/);
});

test("params that are no object are refused on protocol 4 too", async () => {
  const { error } = await today.request("chat.history", ["main"]);

  assert.equal(error?.code, "INVALID_REQUEST");
});
