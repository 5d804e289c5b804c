/** The agents' workspaces: one folder for each, with the notes and files that people and the agent write. */
import { existsSync } from "node:fs";
import type { Base } from "../../gateway.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { folderPath, prepareFolder } from "./folder.ts";

/** What the workspaces are built from. */
export interface WorkspaceServices extends Base {
  readonly sessions: Sessions;
}

export class Workspace {
  readonly #services: WorkspaceServices;
  readonly #prepared = new Set<string>();

  constructor(services: WorkspaceServices) {
    this.#services = services;
  }

  /** The absolute path of an agent's folder; it exists when this returns. Throws `UNAVAILABLE` when it cannot be made. */
  folderOf(agentId: string): string {
    const path = this.pathOf(agentId);
    if (this.#prepared.has(path) && existsSync(path)) return path;
    prepareFolder(path);
    this.#prepared.add(path);
    return path;
  }

  /** The absolute path of an agent's folder, whether it exists or not. */
  pathOf(agentId: string): string {
    const { stateDir, sessions } = this.#services;
    const { defaultAgentId } = sessions.defaults;
    return folderPath(agentId, { stateDir, defaultAgentId, settings: sessions.agentSettings });
  }
}
