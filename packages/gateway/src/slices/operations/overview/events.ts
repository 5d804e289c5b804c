/** News of how the gateway is doing. */
import { defineEvent } from "../../../kit/event.ts";
import { Tick } from "../../../kit/schema/frames.ts";
import { HealthSummary } from "./schema.ts";

export const health = defineEvent({
  name: "health",
  summary: "A new health snapshot; replaces the previous one.",
  audience: "everyone",
  whenSlow: "drop",
  stateVersion: true,
  payload: HealthSummary,
});

export const tick = defineEvent({
  name: "tick",
  summary: "The gateway is alive; sent every 30 seconds.",
  audience: "everyone",
  whenSlow: "drop",
  payload: Tick,
});
