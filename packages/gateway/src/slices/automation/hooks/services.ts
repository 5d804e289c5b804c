/** What hooks are built from: the base, and the slices above. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Heartbeat } from "../heartbeat/heartbeat.ts";

export interface HookServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly agent: Agent;
  readonly heartbeat: Heartbeat;
}
