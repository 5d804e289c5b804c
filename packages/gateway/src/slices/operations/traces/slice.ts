/** What the traces slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { usage } from "../../agent/usage/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const traces = defineSlice({
  name: "traces",
  uses: [usage, agent, messaging],
  load: () => import("./traces.ts"),
  open: (gateway, { Traces }) => new Traces(gateway),
});
