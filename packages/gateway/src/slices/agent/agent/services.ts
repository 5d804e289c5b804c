/** What the agent is built from: the base, and the slices above it. */
import type { Base } from "../../../kit/base.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Devices } from "../../core/devices/devices.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Presence } from "../../core/presence/presence.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Models } from "../models/models.ts";
import type { Skills } from "../skills/skills.ts";
import type { Usage } from "../usage/usage.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface AgentServices extends Base {
  readonly presence: Presence;
  readonly devices: Devices;
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly models: Models;
  readonly usage: Usage;
  readonly workspace: Workspace;
  readonly skills: Skills;
}
