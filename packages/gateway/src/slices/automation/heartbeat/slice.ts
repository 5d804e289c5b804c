/** What the heartbeat slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { workspace } from "../../agent/workspace/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const heartbeat = defineSlice({
  name: "heartbeat",
  uses: [agents, sessions, notices, models, workspace, agent, messaging],
  load: () => import("./heartbeat.ts"),
  open: (gateway, { Heartbeat }) => new Heartbeat(gateway),
});

export const { defineMethod } = heartbeat;
