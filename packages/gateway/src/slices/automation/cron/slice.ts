/** What the cron slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { approvals } from "../../agent/approvals/slice.ts";
import { workspace } from "../../agent/workspace/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";
import { heartbeat } from "../heartbeat/slice.ts";

export const cron = defineSlice({
  name: "cron",
  uses: [agents, sessions, notices, workspace, agent, approvals, messaging, heartbeat],
  load: () => import("./cron.ts"),
  open: (gateway, { Cron }) => new Cron(gateway),
});

export const { defineMethod } = cron;
