/** What hooks are built from: the base, and the slices above. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";

export interface HookServices extends Base {
  readonly agents: Agents;
  readonly notices: Notices;
  readonly sessions: Sessions;
  readonly agent: Agent;
}
