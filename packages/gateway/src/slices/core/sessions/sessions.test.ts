import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Bus } from "../../../base/bus.ts";
import { Config } from "../../../base/config/config-file.ts";
import { createLog } from "../../../base/log.ts";
import { Secrets } from "../../../base/privacy/secrets.ts";
import { openStore } from "../../../base/store/store.ts";
import { systemClock } from "../../../base/time/clock.ts";
import { Agents } from "../agents/agents.ts";
import { agents as agentSettings } from "../agents/settings.ts";
import { Sessions } from "./sessions.ts";
import { session } from "./settings.ts";
import { tables } from "./tables.ts";

/** Sessions over a store in memory; each reading of the clock is one millisecond later. */
function open(settings: object = {}) {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-sessions-"));
  const path = join(stateDir, "moltbot.json");
  writeFileSync(path, JSON.stringify(settings));
  const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
  let now = 1_760_000_000_000;
  const clock = { ...systemClock, now: () => now++ };
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const store = stack.use(openStore(":memory:", [tables]));
  const config = Config.open({
    path,
    sections: [agentSettings, session],
    log,
    clock,
    env: {},
    fallbackFolder: stateDir,
  });
  const agents = new Agents({ config });
  const base = { stateDir, store, clock, bus: new Bus(), config, agents };
  return { agents, sessions: new Sessions(base), store, [Symbol.dispose]: () => stack.dispose() };
}

const text = (value: string) => [{ type: "text" as const, text: value }];

test("a session is made once and found by key, id and label", () => {
  using opened = open();
  const { sessions } = opened;

  const made = sessions.ensure("agent:main:main");
  sessions.patch("agent:main:main", { label: "Home" });

  assert.equal(sessions.ensure("agent:main:main").sessionId, made.sessionId);
  for (const by of [{ key: "main" }, { sessionId: made.sessionId }, { label: "Home" }]) {
    assert.equal(sessions.all.resolve(by).key, "agent:main:main");
  }
});

test("a session is as it was when the transaction that changed it was taken back", () => {
  using opened = open();
  const { sessions, store } = opened;
  sessions.ensure("agent:main:main");
  const labelOf = () => sessions.get("agent:main:main")?.label;
  const seen = [labelOf()];

  assert.throws(
    () =>
      store.transaction(() => {
        sessions.patch("agent:main:main", { label: "Home" });
        seen.push(labelOf());
        throw new Error("changed its mind");
      }),
    /changed its mind/,
  );

  assert.deepEqual([...seen, labelOf()], [undefined, "Home", undefined]);
});

test("a session is read once between two writes", () => {
  using opened = open();
  const { sessions } = opened;
  sessions.ensure("agent:main:main");

  const first = sessions.get("agent:main:main");
  const again = sessions.get("agent:main:main");
  sessions.noteContext("agent:main:main", 7);

  assert.equal(again, first);
  assert.equal(sessions.get("agent:main:main")?.totalTokens, 7);
});

test("resolving needs exactly one name of an existing session", () => {
  using opened = open();
  const { sessions } = opened;

  const message = (by: object) => {
    try {
      return sessions.all.resolve(by).key;
    } catch (error) {
      return (error as Error).message;
    }
  };

  assert.equal(message({}), "Either key, sessionId, or label is required");
  assert.equal(message({ key: "a", label: "b" }), "Provide either key, sessionId, or label (not multiple)");
  assert.equal(message({ key: "nope" }), "No session found: nope");
  assert.equal(message({ label: "nope" }), "No session found with label: nope");
});

test("levels are checked, cleared by null, and off is the same as none where it means none", () => {
  using opened = open();
  const { sessions } = opened;

  sessions.patch("agent:main:a", { thinkingLevel: "HIGH", elevatedLevel: "off", execHost: "node" });
  const after = sessions.patch("agent:main:a", { thinkingLevel: "off", execHost: null });

  assert.deepEqual(after.levels, { elevatedLevel: "off" });
  assert.throws(() => sessions.patch("agent:main:a", { execHost: "moon" }), {
    code: "INVALID_REQUEST",
    message: 'invalid execHost (use "sandbox"|"gateway"|"node")',
  });
});

test("a label belongs to one session", () => {
  using opened = open();
  const { sessions } = opened;
  sessions.patch("agent:main:a", { label: "Home" });

  assert.throws(() => sessions.patch("agent:main:b", { label: "Home" }), { message: "label already in use: Home" });
  assert.equal(sessions.get("agent:main:b"), undefined);
  sessions.patch("agent:main:a", { label: null });
  assert.equal(sessions.patch("agent:main:b", { label: "Home" }).label, "Home");
});

test("spawnedBy is set once, and only on subagent keys", () => {
  using opened = open();
  const { sessions } = opened;
  sessions.patch("agent:main:subagent:1", { spawnedBy: "agent:main:main" });

  assert.throws(() => sessions.patch("agent:main:a", { spawnedBy: "x" }), /only supported for subagent/);
  assert.throws(() => sessions.patch("agent:main:subagent:1", { spawnedBy: "y" }), /cannot be changed/);
  assert.throws(() => sessions.patch("agent:main:subagent:1", { spawnedBy: null }), /cannot be cleared/);
  assert.deepEqual(
    sessions.all.list({ spawnedBy: "agent:main:main" }).map(({ key }) => key),
    ["agent:main:subagent:1"],
  );
});

test("the list is newest first, hides global and unknown, and filters", () => {
  using opened = open();
  const { sessions } = opened;
  for (const key of ["agent:main:a", "agent:ops:b", "global", "unknown", "agent:main:100%_x"]) sessions.ensure(key);

  const keys = (filter: object) => sessions.all.list(filter).map(({ key }) => key);

  assert.deepEqual(keys({}), ["agent:main:100%_x", "agent:ops:b", "agent:main:a"]);
  assert.deepEqual(keys({ includeGlobal: true, limit: 2 }), ["agent:main:100%_x", "global"]);
  assert.deepEqual(keys({ agentId: "Ops" }), ["agent:ops:b"]);
  assert.deepEqual(keys({ search: "%_X" }), ["agent:main:100%_x"]);
  assert.deepEqual(keys({ search: "nothing" }), []);
});

test("a run that ends after its conversation began anew does not fill the new one", () => {
  using opened = open();
  const { sessions } = opened;
  const before = sessions.ensure("agent:main:main");
  const usage = { input: 90_000, output: 10, totalTokens: 90_010 };

  const after = sessions.reset(before.key);
  sessions.noteRun(before.key, { sessionId: before.sessionId, usage, aborted: false });
  const untouched = sessions.get(before.key)?.totalTokens;
  sessions.noteRun(before.key, { sessionId: after.sessionId, usage, aborted: false });

  assert.deepEqual([untouched, sessions.get(before.key)?.totalTokens], [0, 90_010]);
});

test("a reset begins a new transcript, keeps what is set, and the old words are still found", async () => {
  using opened = open();
  const { sessions } = opened;
  const before = sessions.patch("agent:main:main", { thinkingLevel: "low", label: "Home" });
  sessions.transcript.append(before, { role: "user", content: text("remember the blue teapot") });

  const after = sessions.reset("agent:main:main");

  assert.notEqual(after.sessionId, before.sessionId);
  assert.deepEqual({ levels: after.levels, label: after.label }, { levels: { thinkingLevel: "low" }, label: "Home" });
  assert.deepEqual(sessions.transcript.history(after.sessionId, 10), []);
  assert.equal((await sessions.transcript.search("teapot", 10)).length, 1);
});

test("deleting takes the words with it, unless they are to be kept, and never the main session", async () => {
  using opened = open();
  const { sessions } = opened;
  for (const key of ["agent:main:a", "agent:main:b"]) {
    sessions.transcript.append(sessions.ensure(key), { role: "user", content: text(`teapot ${key}`) });
  }

  assert.equal(sessions.delete("agent:main:a"), true);
  assert.equal(sessions.delete("agent:main:b", { keepTranscript: true }), true);

  assert.equal(sessions.delete("agent:main:a"), false);
  assert.deepEqual(
    (await sessions.transcript.search("teapot", 10)).map(({ sessionKey }) => sessionKey),
    ["agent:main:b"],
  );
  assert.throws(() => sessions.delete("agent:main:main"), {
    message: "Cannot delete the main session (agent:main:main).",
  });
});

test("search finds messages that hold every word or its beginning, whatever the accents and case", async () => {
  using opened = open();
  const { transcript, ensure } = {
    transcript: opened.sessions.transcript,
    ensure: opened.sessions.ensure.bind(opened.sessions),
  };
  const session = ensure("agent:main:main");
  const wanted = transcript.append(session, { role: "assistant", content: text("The Café opens at nine\non Monday.") });
  transcript.append(session, { role: "user", content: text("When does the bakery open?") });

  const [match, ...others] = await transcript.search('cafe "MON', 10);

  assert.deepEqual(others, []);
  assert.deepEqual(match, {
    sessionKey: "agent:main:main",
    messageId: wanted.id,
    role: "assistant",
    ts: wanted.at,
    snippet: "The Café opens at nine on Monday.",
  });
  assert.deepEqual(await transcript.search('"*"', 10), []);
});

test("history has the last messages, oldest first, as the wire says them", () => {
  using opened = open();
  const { sessions } = opened;
  const session = sessions.ensure("agent:main:main");
  for (const word of ["one", "two", "three"]) {
    sessions.transcript.append(session, { role: "user", content: text(word), runId: word, idempotencyKey: word });
  }

  const history = sessions.transcript.history(session.sessionId, 2);

  assert.deepEqual(
    history.map(({ id: _id, timestamp: _timestamp, ...rest }) => rest),
    [
      { role: "user", content: text("two"), runId: "two", idempotencyKey: "two" },
      { role: "user", content: text("three"), runId: "three", idempotencyKey: "three" },
    ],
  );
});

test("a history answer stays under 6 MiB and keeps at least one message", () => {
  using opened = open();
  const { sessions } = opened;
  const session = sessions.ensure("agent:main:main");
  for (const letter of "abc")
    sessions.transcript.append(session, { role: "user", content: text(letter.repeat(3_000_000)) });
  const huge = sessions.ensure("agent:main:huge");
  sessions.transcript.append(huge, { role: "user", content: text("x".repeat(7_000_000)) });

  const lengths = (sessionId: string) =>
    sessions.transcript.history(sessionId, 10).map((message) => JSON.stringify(message).length > 2_000_000);

  assert.deepEqual(lengths(session.sessionId), [true, true]);
  assert.deepEqual(lengths(huge.sessionId), [true]);
});

test("pictures are files: sent along with the history while they fit, removed with their last message", () => {
  using opened = open();
  const { sessions } = opened;
  const session = sessions.ensure("agent:main:a");
  const image = sessions.media.save(Buffer.from("not really a picture"), { mimeType: "image/png", fileName: "a.png" });
  sessions.transcript.append(session, { role: "user", content: [{ type: "image", ...image }] });

  const [message] = sessions.transcript.history(session.sessionId, 1);
  sessions.delete("agent:main:a");

  assert.deepEqual(message?.content, [
    {
      type: "image",
      mimeType: "image/png",
      sizeBytes: 20,
      fileName: "a.png",
      data: Buffer.from("not really a picture").toString("base64"),
    },
  ]);
  assert.equal(sessions.media.read(image.sha256), undefined);
});

test("compacting keeps the last messages in the conversation and all of them in the search", async () => {
  using opened = open();
  const { sessions } = opened;
  const session = sessions.ensure("agent:main:main");
  for (const word of ["alpha", "beta", "gamma"])
    sessions.transcript.append(session, { role: "user", content: text(word) });

  const archived = sessions.transcript.archiveAllBut(session.sessionId, 1);

  assert.equal(archived, 2);
  assert.deepEqual(sessions.transcript.previews.preview(session.sessionId, { limit: 9, maxChars: 20 }), [
    { role: "user", text: "gamma" },
  ]);
  assert.equal((await sessions.transcript.search("alpha", 5)).length, 1);
});

test("titles and previews are cut at a character", () => {
  using opened = open();
  const { sessions } = opened;
  const session = sessions.ensure("agent:main:main");
  sessions.transcript.append(session, { role: "user", content: text("/help") });
  sessions.transcript.append(session, { role: "user", content: text(`${"a".repeat(58)}😀 and more`) });

  assert.equal(sessions.transcript.previews.title(session.sessionId), `${"a".repeat(58)}…`);
});

test("the default agent is the marked one, else the first, else main", () => {
  using none = open();
  using first = open({ agents: { list: [{ id: "Ops" }, { id: "b" }] } });
  using marked = open({ agents: { list: [{ id: "a" }, { id: "b", default: true }] }, session: { mainKey: "Home" } });

  assert.deepEqual(
    [none, first, marked].map(({ agents, sessions }) => [sessions.mainKey(), agents.ids()]),
    [
      ["agent:main:main", ["main"]],
      ["agent:ops:main", ["ops", "b"]],
      ["agent:b:home", ["b", "a"]],
    ],
  );
});
