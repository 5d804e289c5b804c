import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedCommands, skillOf } from "./skills.ts";

test("allowed commands are shown with the arguments they are bound to", () => {
  const entries = [
    { agentId: "main", entry: { id: "1", pattern: "/bin/ls", lastUsedAt: 5, lastUsedCommand: "ls -l" } },
    { agentId: "*", entry: { pattern: "/usr/bin/git", args: ["status", "-s"] } },
    { agentId: "*", entry: { pattern: "/usr/bin/cp", exact: { command: "cp a b && ls" }, note: "exactly this" } },
    "nonsense",
  ];

  assert.deepEqual(allowedCommands(entries), [
    { id: "1", agentId: "main", command: "/bin/ls", lastUsedAt: 5, lastUsedCommand: "ls -l" },
    {
      ...{ id: "/usr/bin/git", agentId: "*", command: "/usr/bin/git status -s" },
      ...{ lastUsedAt: undefined, lastUsedCommand: undefined },
    },
    {
      ...{ id: "/usr/bin/cp", agentId: "*", command: "cp a b && ls", note: "exactly this" },
      ...{ lastUsedAt: undefined, lastUsedCommand: undefined },
    },
  ]);
});

test("a skill that cannot be used says what it lacks", () => {
  const none = { bins: [], anyBins: [], env: [], config: [], os: [] };
  const status = {
    ...{ name: "weather", description: "d", skillKey: "weather", source: "managed", filePath: "f", baseDir: "b" },
    ...{ always: false, disabled: false, blockedByAllowlist: false, eligible: false, configChecks: [], install: [] },
    requirements: none,
    missing: { ...none, bins: ["curl"], env: ["KEY"] },
  } as const;

  const problemOf = (more: object) =>
    skillOf({ ...status, ...more } as unknown as Parameters<typeof skillOf>[0]).problem;

  assert.equal(problemOf({}), "It lacks the program `curl` and the variable `KEY`.");
  assert.equal(problemOf({ disabled: true }), undefined);
  assert.equal(problemOf({ eligible: true }), undefined);
  assert.equal(problemOf({ missing: { ...none, os: ["darwin"] } }), "It works on darwin only.");
});
