/** What the hooks slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { heartbeat } from "../heartbeat/slice.ts";

export const hooks = defineSlice({
  name: "hooks",
  uses: [agents, sessions, agent, heartbeat],
  load: () => import("./hooks.ts"),
  open: (gateway, { Hooks }) => new Hooks(gateway),
});

export const { defineMethod } = hooks;
