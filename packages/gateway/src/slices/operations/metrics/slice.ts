/** What the metrics slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { usage } from "../../agent/usage/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const metrics = defineSlice({
  name: "metrics",
  uses: [usage, agent, messaging],
  load: () => import("./metrics.ts"),
  open: (gateway, { Metrics }) => new Metrics(gateway),
});
