/** Where an agent's workspace is, and how it comes to be. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf, GatewayError, messageOf } from "../../../../base/errors.ts";
import { expandHome } from "../../../../base/files.ts";
import { machineTrouble } from "../../../../base/process/machine.ts";
import { normalAgentId } from "../../../core/agents/agents.ts";
import type { AgentSettings } from "../../../core/agents/settings.ts";
import { TEMPLATES } from "../templates.ts";

/** What a workspace's path depends on. */
export interface FolderFacts {
  readonly stateDir: string;
  readonly defaultAgentId: string;
  readonly settings: AgentSettings;
}

/**
 * The absolute path: the agent's own setting; else for the default agent `agents.defaults.workspace`, for others the same
 * with `-<agentId>` behind it; else a folder in the state folder. Relative paths count from the state folder.
 */
export function folderPath(agentId: string, { stateDir, defaultAgentId, settings }: FolderFacts): string {
  const own = settings.list?.find(({ id }) => normalAgentId(id) === agentId)?.workspace;
  const absolute = (path: string) => resolve(stateDir, expandHome(path));
  if (own !== undefined) return absolute(own);
  const shared = settings.defaults.workspace;
  const isDefault = agentId === defaultAgentId;
  if (shared !== undefined) return isDefault ? absolute(shared) : `${absolute(shared)}-${agentId}`;
  return isDefault ? join(stateDir, "workspace") : join(stateDir, "workspaces", agentId);
}

/** What people put there before the agent has come. */
const FIRST: ReadonlySet<string> = new Set(["skills", "memory", "canvas"]);

/**
 * Makes the folder (0700) when there is none, and its first files when it has nothing but skills, notes and pages: whoever
 * removes one of them does not get it back. Throws `UNAVAILABLE` when it cannot be made.
 */
export function prepareFolder(path: string): void {
  const begun: string[] = [];
  try {
    if (existsSync(path) && readdirSync(path).some((name) => !FIRST.has(name))) return;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(TEMPLATES)) {
      begun.push(join(path, name));
      writeFileSync(join(path, name), text, { flag: "wx", mode: 0o600 });
    }
  } catch (error) {
    // With some of them there the others would never come, and a file that a full disk cut would stay. One that somebody else
    // made meanwhile is theirs.
    if (codeOf(error) === "EEXIST") begun.pop();
    for (const file of begun) rmSync(file, { force: true });
    const trouble = machineTrouble(error);
    throw new GatewayError(
      "UNAVAILABLE",
      trouble
        ? `The workspace ${path} cannot be used: ${trouble.says}.`
        : `The workspace ${path} cannot be used (${codeOf(error) ?? messageOf(error)}); make it a folder that this user ` +
            "can write, or name another with agents.defaults.workspace.",
      { cause: error },
    );
  }
}
