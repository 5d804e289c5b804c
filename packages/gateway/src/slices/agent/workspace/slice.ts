/** What the workspace slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const workspace = defineSlice({
  name: "workspace",
  uses: [agents, sessions],
  load: () => import("./workspace.ts"),
  open(gateway, { Workspace }) {
    const workspace = new Workspace(gateway);
    gateway.agents.pages.fill(workspace);
    gateway.host.folders.fill({
      workspaces: () => gateway.agents.ids().map((agentId) => workspace.pathOf(agentId)),
    });
    return workspace;
  },
});

export const { defineMethod, defineTool } = workspace;
