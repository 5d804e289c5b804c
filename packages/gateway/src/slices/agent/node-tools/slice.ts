/** What the node-tools slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { agent } from "../agent/slice.ts";
import { approvals } from "../approvals/slice.ts";
import { workspace } from "../workspace/slice.ts";

export const nodeTools = defineSlice({
  name: "node-tools",
  uses: [nodes, sessions, notices, workspace, agent, approvals],
  load: () => import("./node-tools.ts"),
  open(gateway, { NodeTools }) {
    const nodeTools = new NodeTools(gateway);
    gateway.nodes.calls.queue.reporter.fill(nodeTools);
    gateway.nodes.reports.observers.add(nodeTools);
    return nodeTools;
  },
});

/** What the tools of node-tools reach. */
export type Gateway = GatewayOf<typeof nodeTools>;

export const { defineTool } = nodeTools;
