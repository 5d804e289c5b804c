/** What the onboarding slice uses, and how its service opens. */
import { defineSlice } from "../../../kit/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const onboarding = defineSlice({
  name: "onboarding",
  uses: [nodes, models, messaging],
  load: () => import("./onboarding.ts"),
  open(gateway, { Onboarding }) {
    const service = new Onboarding(gateway);
    gateway.host.connections.add(service);
    return service;
  },
});

export const { defineMethod } = onboarding;
