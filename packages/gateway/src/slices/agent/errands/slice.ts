/** What the errands slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { agent } from "../agent/slice.ts";
import { approvals } from "../approvals/slice.ts";
import { workspace } from "../workspace/slice.ts";

export const errands = defineSlice({
  name: "errands",
  uses: [nodes, sessions, notices, workspace, agent, approvals],
  load: () => import("./errands.ts"),
  open(gateway, { Errands }) {
    const errands = new Errands(gateway);
    gateway.nodes.calls.queue.teller.fill(errands);
    gateway.nodes.reports.observers.add(errands);
    return errands;
  },
});

/** What the tool of errands reaches. */
export type Gateway = GatewayOf<typeof errands>;

export const { defineTool } = errands;
