/** What the agent slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { devices } from "../../core/devices/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { presence } from "../../core/presence/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { models } from "../models/slice.ts";
import { skills } from "../skills/slice.ts";
import { usage } from "../usage/slice.ts";
import { workspace } from "../workspace/slice.ts";

export const agent = defineSlice({
  name: "agent",
  uses: [presence, devices, agents, sessions, notices, models, usage, workspace, skills],
  load: () => import("./agent.ts"),
  open(gateway, { Agent }) {
    const agent = new Agent(gateway);
    gateway.sessions.runs.fill(agent);
    return agent;
  },
});

/** What methods, tools and commands of agent reach. */
export type Gateway = GatewayOf<typeof agent>;

export const { defineMethod, defineTool, defineCommand } = agent;
