import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionsListResult } from "@moltbot/protocol";
import { filtered, type ListedRow, NO_FILTER, readRows, valuesOf } from "./rows.ts";

function listed(key: string, more: object = {}): ListedRow {
  return { key, kind: "direct", updatedAt: 1, totalTokens: 0, ...more } as unknown as ListedRow;
}

const rows = readRows(
  [
    listed("agent:main:main", { agentId: "main", isMain: true, updatedAt: 3, totalTokens: 50, contextTokens: 200 }),
    listed("agent:work:telegram:direct:7", { channel: "telegram", updatedAt: 9, totalTokens: 300, contextTokens: 200 }),
    listed("agent:main:old", { agentId: "main", archived: true, updatedAt: 5 }),
  ],
  {} as SessionsListResult["defaults"],
);

test("a row knows its agent, how full the model's window is, and whether it is the main one or put away", () => {
  assert.deepEqual(
    rows.map(({ agentId, fill, isMain, isArchived }) => [agentId, fill, isMain, isArchived]),
    [
      ["main", 0.25, true, false],
      ["work", 1, false, false],
      ["main", undefined, false, true],
    ],
  );
});

test("rows are found by agent, by channel and by words, the newest first; those put away are apart", () => {
  const keys = (filter: object) => filtered(rows, { ...NO_FILTER, ...filter }).map(({ key }) => key);

  assert.deepEqual(keys({}), ["agent:work:telegram:direct:7", "agent:main:main"]);
  assert.deepEqual(keys({ agentId: "main" }), ["agent:main:main"]);
  assert.deepEqual(keys({ channel: "telegram" }), ["agent:work:telegram:direct:7"]);
  assert.deepEqual(keys({ channel: "webchat" }), ["agent:main:main"]);
  assert.deepEqual(keys({ isArchived: true }), ["agent:main:old"]);
  assert.deepEqual(keys({ words: "telegram" }), ["agent:work:telegram:direct:7"]);
  assert.deepEqual(keys({ words: "nothing like it" }), []);
});

test("the choices of a column are its values, each once, in order; an empty one is no choice", () => {
  assert.deepEqual(
    valuesOf(rows, ({ agentId }) => agentId),
    ["main", "work"],
  );
  assert.deepEqual(
    valuesOf(rows, ({ channel }) => channel ?? ""),
    ["telegram"],
  );
});
