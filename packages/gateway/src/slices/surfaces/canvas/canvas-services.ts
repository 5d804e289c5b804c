/** What the canvas reaches of the gateway. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Workspace } from "../../agent/workspace/workspace.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Devices } from "../../core/devices/devices.ts";
import type { Nodes } from "../../core/nodes/nodes.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";

/** The services that the canvas uses. */
export interface CanvasServices extends Base {
  readonly devices: Devices;
  readonly nodes: Nodes;
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly workspace: Workspace;
  readonly agent: Agent;
}
