/** What the reminders slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { workspace } from "../../agent/workspace/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { cron } from "../cron/slice.ts";
import { heartbeat } from "../heartbeat/slice.ts";

export const reminders = defineSlice({
  name: "reminders",
  uses: [sessions, workspace, agent, heartbeat, cron],
  load: () => import("./reminders.ts"),
  open: (gateway, { Reminders }) => new Reminders(gateway),
});

/** What methods, tools and commands of reminders reach. */
export type Gateway = GatewayOf<typeof reminders>;

export const { defineMethod, defineCommand, defineTool } = reminders;
