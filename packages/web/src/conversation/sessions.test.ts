import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionsListResult } from "@moltbot/protocol";
import { canonicalKey, grouped, readModels, readSessions, searchSessions, titleOf } from "./sessions.ts";

const defaults = { defaultAgentId: "main", mainKey: "home", mainSessionKey: "agent:main:home" };

const spellings = [
  ["main", "agent:main:home"],
  ["home", "agent:main:home"],
  ["agent:main:main", "agent:main:home"],
  ["Agent:Main:Home", "agent:main:home"],
  ["notes", "agent:main:notes"],
  ["agent:work:main", "agent:work:main"],
  ["global", "global"],
  [" ", ""],
] as const;

for (const [spelled, canonical] of spellings) {
  test(`the session “${spelled}” is “${canonical}”`, () => {
    assert.equal(canonicalKey(spelled, defaults), canonical);
  });
}

/** Rows as the gateway lists them, with what every row has. */
function listed(rows: Partial<SessionsListResult["sessions"][number]>[], model: string | null = null) {
  const sessions = rows.map((row) => ({ key: "k", kind: "direct" as const, updatedAt: null, totalTokens: 0, ...row }));
  return readSessions({ sessions, defaults: { modelProvider: "anthropic", model, contextTokens: null } });
}

test("a row is called by its label, else its display name, else what was said first", () => {
  const { sessions } = listed([
    { key: "agent:main:chat-1", label: "Trip", derivedTitle: "Plan a trip" },
    { key: "agent:main:chat-2", displayName: "Family", derivedTitle: "Hello" },
    { key: "agent:main:chat-3", derivedTitle: "Plan a trip" },
    { key: "agent:main:chat-4" },
    { key: "agent:main:main", derivedTitle: "Hello" },
  ]);

  assert.deepEqual(
    sessions.map(({ title }) => title),
    ["Trip", "Family", "Plan a trip", "New conversation", "Main"],
  );
});

test("files that were sent along are not read out in the title", () => {
  const { sessions } = listed([
    { key: "agent:main:chat-1", derivedTitle: "What is this? [file notes.md] remember the milk" },
    { key: "agent:main:chat-2", derivedTitle: "[file notes.md] remember the milk" },
  ]);

  assert.deepEqual(
    sessions.map(({ title }) => title),
    ["What is this?", "notes.md"],
  );
});

test("a preview is one line without Markdown", () => {
  const { sessions } = listed([{ key: "k", lastMessagePreview: "# Hi **you**\n`x`" }]);

  assert.equal(sessions[0]?.preview, "Hi you x");
});

test("a model is named by provider and id, whichever way the gateway splits them", () => {
  const { defaultModel } = listed([], "claude");
  const models = readModels({ models: [{ id: "claude", name: "Claude", provider: "anthropic" }] });

  assert.equal(defaultModel, "anthropic/claude");
  assert.deepEqual(models, [{ id: "anthropic/claude", name: "Claude", aliases: [] }]);
});

test("models show their short names, and those that have nothing else are there too", () => {
  const listed = { models: [{ id: "one", name: "One", provider: "fake" }] };
  const aliases = { first: "fake/one", fast: "fake/org/two" };

  assert.deepEqual(readModels(listed, { aliases, model: "fake/three" }), [
    { id: "fake/one", name: "One", aliases: ["first"] },
    { id: "fake/org/two", name: "org/two", aliases: ["fast"] },
    { id: "fake/three", name: "three", aliases: [] },
  ]);
});

test("search looks at the names that people know, never at keys", () => {
  const { sessions } = listed([
    { key: "agent:main:tea", label: "Kettle", displayName: "Anna" },
    { key: "agent:main:main", derivedTitle: "Coffee" },
  ]);
  const found = (words: string) => searchSessions(sessions, words).map(({ key }) => key);

  assert.deepEqual(found("kett"), ["agent:main:tea"]);
  assert.deepEqual(found(" anna "), ["agent:main:tea"]);
  assert.deepEqual(found("main"), ["agent:main:main"]);
  assert.deepEqual(found("agent"), []);
});

test("the list has those that are pinned first, then groups by day", () => {
  const now = new Date(2026, 10, 30, 12).getTime();
  const hours = (count: number) => now - count * 3_600_000;
  const pinned = { key: "c", updatedAt: hours(24 * 5), pinned: true };
  const { sessions } = listed([
    { key: "a", updatedAt: hours(1) },
    { key: "b", updatedAt: hours(24) },
    pinned,
    { key: "d", updatedAt: hours(24 * 6) },
    { key: "e", updatedAt: hours(24 * 400) },
  ]);

  const groups = grouped(sessions, now).map(({ title, sessions: inGroup }) => [title, inGroup.map(({ key }) => key)]);

  assert.deepEqual(groups, [
    ["Pinned", ["c"]],
    ["Today", ["a"]],
    ["Yesterday", ["b"]],
    ["Last 7 days", ["d"]],
    ["Older", ["e"]],
  ]);
});

test("a session without a row has a name", () => {
  assert.equal(titleOf("agent:main:home", "agent:main:home"), "Main");
  assert.equal(titleOf("agent:main:chat-1", "agent:main:home"), "New conversation");
  assert.equal(titleOf("agent:main:whatsapp:dm:1", "agent:main:home"), "whatsapp dm 1");
});
