/** What the canvas slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { workspace } from "../../agent/workspace/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { devices } from "../../core/devices/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const canvas = defineSlice({
  name: "canvas",
  uses: [devices, nodes, agents, sessions, notices, workspace, agent],
  load: () => import("./canvas.ts"),
  open(gateway, { Canvas }) {
    const canvas = new Canvas(gateway);
    gateway.host.connections.add(canvas);
    gateway.host.frames.fill(canvas);
    gateway.nodes.reports.speech.pressing.fill(canvas.drawing);
    gateway.nodes.calls.drawings.fill(canvas.drawing);
    gateway.sessions.deletions.add(canvas.drawing);
    return canvas;
  },
});

/** What methods and tools of canvas reach. */
export type Gateway = GatewayOf<typeof canvas>;

export const { defineMethod, defineTool } = canvas;
