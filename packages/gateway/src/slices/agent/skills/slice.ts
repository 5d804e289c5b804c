/** What the skills slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { workspace } from "../workspace/slice.ts";

export const skills = defineSlice({
  name: "skills",
  uses: [agents, sessions, workspace],
  load: () => import("./skills.ts"),
  open: (gateway, { Skills }) => new Skills(gateway),
});

/** What methods and tools of skills reach. */
export type Gateway = GatewayOf<typeof skills>;

export const { defineMethod, defineTool } = skills;
