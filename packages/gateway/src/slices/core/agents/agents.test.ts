import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../base/config/config-file.ts";
import { Agents } from "./agents.ts";
import { agents as section } from "./settings.ts";

/** The agents of a section as a config file has it. */
function open(values: object = {}): Agents {
  const current = section.parse(values).value;
  return new Agents({ config: { of: () => ({ current }) } as unknown as Config });
}

test("an agent is shown as configured, else as its pages say, else as the assistant", () => {
  const agents = open({ list: [{ id: "Ops", name: "Ops", identity: { emoji: "🛠" } }, { id: "b" }, { id: "c" }] });
  agents.pages.fill({
    identityOf: (agentId) => (agentId === "c" ? {} : { name: "Ada", avatar: "https://a.example/a" }),
  });

  const shown = ["ops", "b", "c"].map((id) => agents.identity(id));

  assert.deepEqual(shown, [
    { name: "Ops", avatar: "🛠" },
    { name: "Ada", avatar: "https://a.example/a" },
    { name: "Assistant", avatar: "A" },
  ]);
});

test("what is set for one agent stands above what is set for all", () => {
  const agents = open({
    defaults: { model: { primary: "a/usual", fallbacks: ["b/other"] }, thinkingDefault: "low" },
    list: [{ id: "own", model: "c/own", thinkingDefault: "high" }, { id: "plain" }],
  });

  assert.deepEqual(
    ["own", "plain", "unknown"].map((id) => [agents.modelSetting(id), agents.thinkingOf(id)]),
    [
      [{ primary: "c/own", fallbacks: [] }, "high"],
      [{ primary: "a/usual", fallbacks: ["b/other"] }, "low"],
      [{ primary: "a/usual", fallbacks: ["b/other"] }, "low"],
    ],
  );
});

test("a list of agents begins with the default one and says only what the wire knows", () => {
  const agents = open({ list: [{ id: "a" }, { id: "b", default: true, name: "Bee", identity: { theme: "sea" } }] });

  assert.deepEqual(agents.list(), [{ id: "b", name: "Bee", identity: { theme: "sea" } }, { id: "a" }]);
});
