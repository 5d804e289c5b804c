// Clients of protocol 4 watch conversations: who is told what, from when on, and until when.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Connected, testGateway } from "../support/gateway.ts";

const gateway = await testGateway({
  config: '{ models: { detectLocal: false }, agents: { list: [{ id: "main" }, { id: "work" }] } }',
});
after(() => gateway[Symbol.asyncDispose]());

/** The terminal client, as it connects today. */
const terminal = {
  protocol: 4,
  client: { id: "openclaw-tui", mode: "ui" },
  scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals"],
  caps: ["agent-kind", "plugin-approvals", "task-suggestions", "tool-events"],
} as const;
const connect = () => gateway.connect({ ...terminal, client: { id: "cli", mode: "cli" } });
const writer = await connect();

let count = 0;
const say = (sessionKey: string, message: string) =>
  writer.call("chat.send", { sessionKey, message, deliver: false, idempotencyKey: `watch-${++count}` });

function eventsOf(client: Connected, name: string) {
  return client.frames.filter(({ event }) => event === name).map(({ payload }) => payload);
}

test("whoever watches all conversations is told what both sides say, and of each step", async () => {
  const watcher = await connect();

  const answer = await watcher.call("sessions.subscribe", {});
  await say("agent:main:watched", "/echo hello");
  const asked = (await watcher.nextOf("session.message")).payload;
  const replied = (await watcher.nextOf("session.message")).payload;
  await watcher.flushed();

  assert.deepEqual(answer, { subscribed: true });
  assert.deepEqual(
    [asked, replied].map(({ sessionKey, agentId, message }) => [sessionKey, agentId, message.role, message.content]),
    [
      ["agent:main:watched", "main", "user", [{ type: "text", text: "/echo hello" }]],
      ["agent:main:watched", "main", "assistant", [{ type: "text", text: "hello" }]],
    ],
  );
  assert.ok(replied.messageSeq > asked.messageSeq);
  assert.equal(asked.messageId, asked.message.id);
  assert.deepEqual(
    [asked.session.key, asked.session.agentId, asked.session.isMain, asked.session.sessionId],
    ["agent:main:watched", "main", false, asked.sessionId],
  );
  const steps = eventsOf(watcher, "sessions.changed").map(({ reason, phase, session }) => [
    reason ?? phase,
    session.key,
  ]);
  assert.deepEqual([...new Set(steps.map(([what]) => what))].toSorted(), ["create", "message", "send"]);
});

test("a run tells when it starts and ends", async () => {
  const watcher = await connect();
  await watcher.call("sessions.subscribe", {});

  await writer.request("agent", {
    message: "Who are you?",
    sessionKey: "agent:main:runs",
    idempotencyKey: "watch-run",
  });
  const end = async (): Promise<unknown> => {
    const { payload } = await watcher.nextOf("sessions.changed");
    return payload.phase === "end" || payload.phase === "error" ? payload : end();
  };
  const ended = (await end()) as { runId: string; sessionKey: string };

  const phases = eventsOf(watcher, "sessions.changed").flatMap(({ phase, runId }) =>
    phase === "message" || runId !== "watch-run" ? [] : [phase],
  );
  assert.deepEqual([ended.runId, ended.sessionKey], ["watch-run", "agent:main:runs"]);
  assert.equal(phases[0], "start");
});

const CHANGES: readonly (readonly [reason: string, method: string, params: Record<string, unknown>])[] = [
  ["create", "sessions.create", { key: "tui-1", agentId: "main", emitCommandHooks: true }],
  ["patch", "sessions.patch", { key: "agent:main:tui-1", thinkingLevel: "low" }],
  ["reset", "sessions.reset", { key: "agent:main:tui-1", reason: "reset" }],
  ["new", "sessions.reset", { key: "agent:main:tui-1", reason: "new" }],
  ["delete", "sessions.delete", { key: "agent:main:tui-1" }],
];
for (const [reason, method, params] of CHANGES) {
  test(`${method} tells ${reason}`, async () => {
    const watcher = await connect();
    await watcher.call("sessions.subscribe", {});

    await writer.call(method, params);

    const { payload } = await watcher.nextOf("sessions.changed");
    assert.deepEqual(
      [payload.sessionKey, payload.agentId, payload.reason, payload.session?.key],
      ["agent:main:tui-1", "main", reason, reason === "delete" ? undefined : "agent:main:tui-1"],
    );
  });
}

test("a conversation that is cut short is told, and one that is short enough is not", async () => {
  await writer.call("sessions.create", { key: "agent:main:long" });
  for (const message of ["one", "two"]) await writer.call("chat.inject", { sessionKey: "agent:main:long", message });
  const watcher = await connect();
  await watcher.call("sessions.subscribe", {});
  const compact = async (maxLines: number) =>
    (await writer.call("sessions.compact", { key: "agent:main:long", maxLines })).compacted;

  const compacted = [await compact(1), await compact(1)];
  await watcher.flushed();

  assert.deepEqual(compacted, [true, false]);
  assert.deepEqual(
    eventsOf(watcher, "sessions.changed").flatMap(({ reason = [] }) => reason),
    ["compact"],
  );
});

test("to delete what is not there tells nobody", async () => {
  const watcher = await connect();
  await watcher.call("sessions.subscribe", {});

  const { deleted } = await writer.call("sessions.delete", { key: "agent:main:never" });
  await watcher.flushed();

  assert.equal(deleted, false);
  assert.deepEqual(eventsOf(watcher, "sessions.changed"), []);
});

test("whoever watches one conversation hears of that one, until it is left", async () => {
  const page = await connect();

  const answer = await page.call("sessions.messages.subscribe", { key: "agent:main:one", includeApprovals: true });
  await say("agent:main:other", "/echo not for me");
  await say("agent:main:one", "/echo for me");
  const { payload: first } = await page.nextOf("session.message");
  await page.nextOf("session.message");
  const left = await page.call("sessions.messages.unsubscribe", { key: "agent:main:one" });
  await say("agent:main:one", "/echo too late");
  await page.flushed();

  assert.deepEqual(answer, {
    subscribed: true,
    key: "agent:main:one",
    approvalReplay: {
      ...{ sessionKey: "agent:main:one", approvals: [], truncated: false },
      updatedAtMs: answer.approvalReplay.updatedAtMs,
    },
  });
  assert.deepEqual(left, { subscribed: false, key: "agent:main:one" });
  assert.equal(first.message.content[0].text, "/echo for me");
  assert.equal(eventsOf(page, "session.message").length, 2);
  assert.equal(eventsOf(page, "sessions.changed").length, 0);
});

test("nobody is told who has not asked, and nobody without read scope may ask", async () => {
  const silent = await connect();
  const stranger = await gateway.connect({ protocol: 4, scopes: ["operator.approvals"] });

  const refused = await Promise.all([
    stranger.request("sessions.subscribe", {}),
    stranger.request("sessions.messages.subscribe", { key: "main" }),
  ]);
  await say("agent:main:secret", "/echo secret");
  await silent.flushed();

  assert.deepEqual(
    refused.map(({ error }) => error?.message),
    ["missing scope: operator.read", "missing scope: operator.read"],
  );
  for (const name of ["session.message", "sessions.changed"]) {
    assert.deepEqual([eventsOf(silent, name), eventsOf(stranger, name)], [[], []]);
  }
});

test("one connection watches so many conversations and no more; others are not kept from it", async () => {
  const greedy = await connect();

  for (let n = 0; n < 200; n++) await greedy.call("sessions.messages.subscribe", { key: `agent:main:many-${n}` });
  const again = await greedy.request("sessions.messages.subscribe", { key: "agent:main:many-0" });
  const over = await greedy.request("sessions.messages.subscribe", { key: "agent:main:many-200" });
  const other = await writer.request("sessions.messages.subscribe", { key: "agent:main:many-200" });

  assert.equal(again.ok, true);
  assert.equal(other.ok, true);
  assert.deepEqual(over.error?.code, "UNAVAILABLE");
  assert.match(over.error?.message ?? "", /sessions\.messages\.unsubscribe/);
});

test("sessions.subscribe with what sessions.list takes answers with the list", async () => {
  const watcher = await connect();

  const { subscribed, list } = await watcher.call("sessions.subscribe", { limit: 1, agentId: "main" });

  assert.equal(subscribed, true);
  assert.equal(list.sessions.length, 1);
  assert.deepEqual(Object.keys(list.defaults), ["modelProvider", "model", "contextTokens"]);
});

test("sessions.create begins a conversation of an agent, and leaves one that is there as it is", async () => {
  const params = { key: "tui-2", agentId: "work", parentSessionKey: "main", succeedsParent: true };

  const first = await writer.call("sessions.create", params);
  const second = await writer.call("sessions.create", params);
  const unnamed = await writer.call("sessions.create", {});

  assert.deepEqual(
    [first.ok, first.key, first.runStarted, first.entry.sessionId, first.resolved],
    [true, "agent:work:tui-2", false, first.sessionId, { modelProvider: null, model: null }],
  );
  assert.equal(second.sessionId, first.sessionId);
  assert.match(unnamed.key, /^agent:main:dashboard:/);
});

const WRONG_AGENTS: readonly (readonly [params: object, message: string])[] = [
  [{ key: "x", agentId: "nobody" }, 'unknown agent id "nobody"'],
  [{ key: "agent:main:x", agentId: "work" }, 'agent "work" does not match session key agent "main"'],
];
for (const [params, message] of WRONG_AGENTS) {
  test(`an agent is checked against the key: ${message}`, async () => {
    const { error } = await writer.request("sessions.create", params);

    assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", message]);
  });
}

test("sessions.describe gives the row of sessions.list, or null", async () => {
  await say("agent:main:described", "/echo a title");

  const { session } = await writer.call("sessions.describe", { key: "agent:main:described", agentId: "main" });
  const { session: none } = await writer.call("sessions.describe", { key: "agent:main:nothing" });
  const { sessions } = await writer.call("sessions.list", { agentId: "main" });

  assert.deepEqual(
    session,
    sessions.find(({ key }: { key: string }) => key === "agent:main:described"),
  );
  assert.deepEqual(
    [session.isMain, session.archived, session.pinned, session.unread, session.totalTokensFresh],
    [false, false, false, false, true],
  );
  assert.equal(none, null);
});

test("sessions.list pages, and leaves sub-agents out when asked to", async () => {
  await say("agent:main:subagent:one", "/echo below");

  const all = (await writer.call("sessions.list", {})).sessions.map(({ key }: { key: string }) => key);
  const page = (await writer.call("sessions.list", { offset: 1, limit: 2 })).sessions;
  const without = (await writer.call("sessions.list", { excludeSubagents: true })).sessions;
  const archived = (await writer.call("sessions.list", { archived: true })).sessions;

  assert.ok(all.includes("agent:main:subagent:one"));
  assert.deepEqual(
    page.map(({ key }: { key: string }) => key),
    all.slice(1, 3),
  );
  assert.deepEqual(
    without.map(({ key }: { key: string }) => key),
    all.filter((key: string) => key !== "agent:main:subagent:one"),
  );
  assert.deepEqual(archived, []);
});

test("chat.startup gives history, row, defaults and what a window offers", async () => {
  await say("agent:main:window", "/echo in the window");

  const startup = await writer.call("chat.startup", { sessionKey: "agent:main:window", limit: 80, maxBytes: 400_000 });
  const history = await writer.call("chat.history", { sessionKey: "agent:main:window", limit: 80 });
  const { metadata, ...rest } = startup;

  assert.deepEqual(rest, history);
  assert.equal(history.sessionInfo.key, "agent:main:window");
  assert.deepEqual(history.defaults, { modelProvider: null, model: null, contextTokens: null });
  assert.deepEqual(metadata, await writer.call("chat.metadata", { sessionKey: "agent:main:window", agentId: "main" }));
  assert.deepEqual(Object.keys(metadata), ["models", "commands", "swarmEnabled", "runtimeSelectionLocked"]);
});

test("chat.history says nothing of the row for a conversation that there is not", async () => {
  const history = await writer.call("chat.history", { sessionKey: "agent:main:none" });

  assert.deepEqual([history.messages, "sessionInfo" in history, "defaults" in history], [[], false, true]);
});

test("chat.history gives the newest messages that fit into maxBytes, at least one", async () => {
  await say("agent:main:long", `/echo ${"a".repeat(2_000)}`);
  await say("agent:main:long", "/echo short");

  const { messages } = await writer.call("chat.history", { sessionKey: "agent:main:long", maxBytes: 1_500 });
  const { messages: least } = await writer.call("chat.history", { sessionKey: "agent:main:long", maxBytes: 1 });

  assert.equal(messages.at(-1).content[0].text, "short");
  assert.ok(JSON.stringify(messages).length < 2_000);
  assert.equal(least.length, 1);
});

test("a key without an agent is that of the agent beside it", async () => {
  await writer.call("chat.send", {
    sessionKey: "main",
    agentId: "work",
    message: "/echo at work",
    idempotencyKey: "w",
  });

  const { messages } = await writer.call("chat.history", { sessionKey: "agent:work:main" });
  const { messages: same } = await writer.call("chat.history", { sessionKey: "main", agentId: "work" });

  assert.equal(messages.at(-1).content[0].text, "at work");
  assert.deepEqual(same, messages);
});
