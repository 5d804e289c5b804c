/** What messaging is built from: the base, and the slices above it. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Approvals } from "../../agent/approvals/approvals.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";

export interface MessagingServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly models: Models;
  readonly agent: Agent;
  readonly approvals: Approvals;
}
