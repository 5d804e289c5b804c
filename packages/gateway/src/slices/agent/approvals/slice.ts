/** What the approvals slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { devices } from "../../core/devices/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { agent } from "../agent/slice.ts";
import { skills } from "../skills/slice.ts";
import { workspace } from "../workspace/slice.ts";

export const approvals = defineSlice({
  name: "approvals",
  uses: [devices, nodes, agents, sessions, workspace, skills, agent],
  load: () => import("./approvals.ts"),
  open(gateway, { Approvals }) {
    const approvals = new Approvals(gateway);
    gateway.sessions.approvals.fill(approvals);
    gateway.agent.approvals.fill(approvals);
    gateway.nodes.calls.decisions.fill(approvals.nodeGrants);
    return approvals;
  },
});

/** What methods, tools and commands of approvals reach. */
export type Gateway = GatewayOf<typeof approvals>;

export const { defineMethod, defineTool, defineCommand } = approvals;
