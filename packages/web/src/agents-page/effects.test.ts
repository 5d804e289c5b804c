import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingsOf, modelChange, partsOf, toolChange } from "./effects.ts";

test("the parts of a prompt are in order of their size, with the tools as one", () => {
  assert.deepEqual(
    partsOf(
      [
        { name: "USER.md", tokens: 5 },
        { name: "words", tokens: 20 },
        { name: "none", tokens: 0 },
      ],
      75,
    ),
    [
      { name: "Tools", tokens: 75, percent: 75 },
      { name: "Who says what", tokens: 20, percent: 20 },
      { name: "USER.md", tokens: 5, percent: 5 },
    ],
  );
});

test("bindings say in words where an agent answers", () => {
  const bindings = [
    { agentId: "Cook", match: { channel: "telegram", peer: { kind: "dm", id: "7" } } },
    { agentId: "main", match: { channel: "slack" } },
    { agentId: "cook", match: { channel: "discord", guildId: "9", accountId: "*" } },
  ];

  assert.deepEqual(bindingsOf({ bindings }, "cook"), [
    { at: 0, text: "telegram, the person 7" },
    { at: 2, text: "discord, the server 9, every account" },
  ]);
});

test("a switch changes the list that decides, and no other", () => {
  const off = { agentId: "main", tool: "exec", isOn: false };
  const on = { ...off, isOn: true };
  const list = [{ id: "main", name: "M", tools: { allow: ["*"], deny: ["exec"] } }];

  assert.deepEqual(toolChange({}, off), { path: "tools.deny", patch: { tools: { deny: ["exec"] } } });
  assert.deepEqual(toolChange({ tools: { deny: ["a", "exec"] } }, on), {
    path: "tools.deny",
    patch: { tools: { deny: ["a"] } },
  });
  assert.deepEqual(toolChange({ agents: { list } }, on), {
    path: "agents.list[0].tools.deny",
    patch: { agents: { list: [{ id: "main", name: "M", tools: { allow: ["*"], deny: [] } }] } },
  });
  assert.equal(toolChange({ tools: { deny: ["group:fs"] } }, on), undefined);
});

test("a model is chosen in the agent’s own entry, where it has one", () => {
  assert.equal(modelChange({}, "main", "a/b"), undefined);
  assert.deepEqual(modelChange({ agents: { list: [{ id: "Cook" }] } }, "cook", "a/b"), {
    path: "agents.list[0].model",
    patch: { agents: { list: [{ id: "Cook", model: "a/b" }] } },
  });
});
