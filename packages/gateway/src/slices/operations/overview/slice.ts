/** What the overview slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { heartbeat } from "../../automation/heartbeat/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { notices } from "../../core/notices/slice.ts";
import { presence } from "../../core/presence/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";
import { backup } from "../backup/slice.ts";

export const overview = defineSlice({
  name: "overview",
  uses: [presence, backup, agents, sessions, notices, models, agent, messaging, heartbeat],
  load: () => import("./overview.ts"),
  open(gateway, { Overview }) {
    const overview = new Overview(gateway);
    gateway.host.overview.fill(overview);
    return overview;
  },
});

export const { defineMethod } = overview;
