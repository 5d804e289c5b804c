/** What the workspace slice uses, and how its service is opened. */
import { defineSlice } from "../../kit/slice.ts";
import { sessions } from "../sessions/slice.ts";

export const workspace = defineSlice({
  name: "workspace",
  uses: [sessions],
  load: () => import("./workspace.ts"),
  open: (gateway, { Workspace }) => new Workspace(gateway),
});

export const { defineMethod, defineTool } = workspace;
