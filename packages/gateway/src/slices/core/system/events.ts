/** Events about the gateway itself. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { PresenceEntry, Shutdown, Tick } from "../../../kit/schema/frames.ts";
import { HealthSummary } from "./schema.ts";

export const presence = defineEvent({
  name: "presence",
  summary: "Who is connected now; replaces the previous list.",
  audience: "operator.read",
  whenSlow: "drop",
  stateVersion: true,
  payload: Type.Object({ presence: Type.Array(PresenceEntry) }),
});

export const tick = defineEvent({
  name: "tick",
  summary: "The gateway is alive; sent every 30 seconds.",
  audience: "everyone",
  whenSlow: "drop",
  payload: Tick,
});

export const shutdown = defineEvent({
  name: "shutdown",
  summary: "The gateway is about to close every connection with 1012.",
  audience: "everyone",
  whenSlow: "close",
  payload: Shutdown,
});

export const health = defineEvent({
  name: "health",
  summary: "A new health snapshot; replaces the previous one.",
  audience: "everyone",
  whenSlow: "drop",
  stateVersion: true,
  payload: HealthSummary,
});
