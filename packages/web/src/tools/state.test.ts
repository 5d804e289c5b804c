import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedCommands, skillOf, withoutCommand } from "./state.ts";

const file = {
  version: 1,
  defaults: { security: "allowlist" },
  agents: {
    main: {
      ask: "always",
      allowlist: [
        { id: "1", pattern: "/bin/ls", lastUsedAt: 5 },
        { id: "2", pattern: "git" },
      ],
    },
    "*": { allowlist: [{ pattern: "date" }] },
  },
};

test("allowed commands are those of all agents", () => {
  assert.deepEqual(
    allowedCommands(file).map(({ agentId, pattern, lastUsedAt }) => [agentId, pattern, lastUsedAt]),
    [
      ["main", "/bin/ls", 5],
      ["main", "git", undefined],
      ["*", "date", undefined],
    ],
  );
  assert.deepEqual(allowedCommands({}), []);
});

test("taking one command off the list leaves everything else in the file", () => {
  const [first] = allowedCommands(file);

  const changed = first && withoutCommand(file, first);

  const main = { ...file.agents.main, allowlist: [{ id: "2", pattern: "git" }] };
  assert.deepEqual(changed, { ...file, agents: { ...file.agents, main } });
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
