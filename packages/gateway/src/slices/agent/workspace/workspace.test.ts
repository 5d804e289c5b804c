import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type FolderFacts, folderPath } from "./files/folder.ts";
import { type Listeners, Workspace } from "./workspace.ts";

describe("an agent's folder", () => {
  const at = (defaults: object, list: readonly object[] = []): FolderFacts =>
    ({ stateDir: "/state", defaultAgentId: "main", settings: { defaults, list } }) as unknown as FolderFacts;

  const cases: readonly [is: string, agentId: string, facts: FolderFacts, path: string][] = [
    ["in the state folder", "main", at({}), "/state/workspace"],
    ["in the state folder for others", "cook", at({}), "/state/workspaces/cook"],
    ["its own", "cook", at({ workspace: "/w" }, [{ id: "Cook", workspace: "/recipes" }]), "/recipes"],
    ["the shared one", "main", at({ workspace: "/w" }), "/w"],
    ["beside the shared one", "cook", at({ workspace: "/w/" }), "/w-cook"],
    ["in the home folder", "main", at({ workspace: "~/clawd" }), join(homedir(), "clawd")],
    ["relative to the state folder", "main", at({ workspace: "../w" }), "/w"],
  ];

  for (const [is, agentId, facts, path] of cases) {
    test(`is ${is}: ${path}`, () => {
      assert.equal(folderPath(agentId, facts), path);
    });
  }
});

describe("the owner is alone", () => {
  const workspace = new Workspace({
    sessions: {
      get: (key: string) => ({
        levels: { spawnedBy: key.endsWith(":ofgroup") ? "agent:main:slack:group:1" : undefined },
      }),
    },
    agents: { ids: () => [] },
  } as never);
  const deliver = { channel: "telegram", account: "default", chat: { id: "7" } };
  const cases: readonly [who: string, run: Partial<Listeners>, isAlone: boolean][] = [
    ["in their main conversation", {}, true],
    ["in a direct chat on a channel", { deliver }, true],
    ["in a conversation of a group", { sessionKey: "agent:main:telegram:group:7" }, false],
    ["in what an agent started from a group", { sessionKey: "agent:main:subagent:ofgroup" }, false],
    ["when somebody else writes", { audience: "trusted" }, false],
    ["when a stranger writes", { audience: "anyone" }, false],
    ["where all conversations are one, on the wire", { sessionKey: "global" }, true],
    ["where all conversations are one, on a channel", { sessionKey: "global", deliver }, false],
  ];

  for (const [who, run, isAlone] of cases) {
    test(`${who}: ${isAlone}`, () => {
      const usual: Listeners = { agentId: "main", audience: "owner", sessionKey: "agent:main:main" };

      assert.equal(workspace.isAlone({ ...usual, ...run }), isAlone);
    });
  }
});
