/** What cron is built from: the base, and the slices above. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Approvals } from "../../agent/approvals/approvals.ts";
import type { Workspace } from "../../agent/workspace/workspace.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";
import type { Heartbeat } from "../heartbeat/heartbeat.ts";

export interface CronServices extends Base {
  readonly agents: Agents;
  readonly notices: Notices;
  readonly sessions: Sessions;
  readonly workspace: Workspace;
  readonly agent: Agent;
  readonly approvals: Approvals;
  readonly heartbeat: Heartbeat;
  readonly messaging: Messaging;
}
