/** What the messaging slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { approvals } from "../../agent/approvals/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { workspace } from "../../agent/workspace/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const messaging = defineSlice({
  name: "messaging",
  uses: [agents, sessions, notices, models, workspace, agent, approvals],
  load: () => import("./messaging.ts"),
  open: (gateway, { Messaging }) => new Messaging(gateway),
});

/** What methods, tools and commands of messaging reach. */
export type Gateway = GatewayOf<typeof messaging>;

export const { defineMethod, defineTool, defineCommand } = messaging;
