/** What the workspace slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const workspace = defineSlice({
  name: "workspace",
  uses: [sessions],
  load: () => import("./workspace.ts"),
  open(gateway, { Workspace }) {
    const workspace = new Workspace(gateway);
    gateway.host.folders.fill({
      workspaces: () => gateway.sessions.agentIds().map((agentId) => workspace.pathOf(agentId)),
    });
    return workspace;
  },
});

export const { defineMethod, defineTool } = workspace;
