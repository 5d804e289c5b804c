/** The event of heartbeats. */
import { defineEvent } from "../../../kit/event.ts";
import { HeartbeatOutcome } from "./schema.ts";

export const heartbeat = defineEvent({
  name: "heartbeat",
  summary: "What came of a heartbeat that was neither switched off nor put off.",
  audience: "everyone",
  whenSlow: "drop",
  payload: HeartbeatOutcome,
});
