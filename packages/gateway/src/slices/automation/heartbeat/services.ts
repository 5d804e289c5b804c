/** What heartbeats are built from: the base, and the slices above. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Workspace } from "../../agent/workspace/workspace.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";

export interface HeartbeatServices extends Base {
  readonly agents: Agents;
  readonly notices: Notices;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly workspace: Workspace;
  readonly agent: Agent;
  readonly messaging: Messaging;
}
