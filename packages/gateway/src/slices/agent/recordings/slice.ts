/** What the recordings slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { agent } from "../agent/slice.ts";
import { models } from "../models/slice.ts";

export const recordings = defineSlice({
  name: "recordings",
  uses: [agents, sessions, models, agent],
  load: () => import("./recordings.ts"),
  open: (gateway, { Recordings }) => new Recordings(gateway),
});

export const { defineMethod, defineCommand } = recordings;
