/** What the traces slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { usage } from "../../agent/usage/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const traces = defineSlice({
  name: "traces",
  uses: [models, usage, agent, messaging],
  load: () => import("./traces.ts"),
  open: (gateway, { Traces }) => new Traces(gateway),
});
