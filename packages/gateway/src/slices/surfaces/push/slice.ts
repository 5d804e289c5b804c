/** What the push slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { approvals } from "../../agent/approvals/slice.ts";
import { devices } from "../../core/devices/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";

export const push = defineSlice({
  name: "push",
  uses: [devices, nodes, agent, approvals],
  load: () => import("./push.ts"),
  open(gateway, { Push }) {
    const push = new Push(gateway);
    gateway.nodes.calls.queue.waker.fill(push);
    return push;
  },
});

export const { defineMethod } = push;
