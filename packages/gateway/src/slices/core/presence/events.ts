/** Events about connections. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { PresenceEntry, Shutdown } from "../../../kit/schema/frames.ts";

export const presence = defineEvent({
  name: "presence",
  summary: "Who is connected now; replaces the previous list.",
  audience: "operator.read",
  whenSlow: "drop",
  stateVersion: true,
  payload: Type.Object({ presence: Type.Array(PresenceEntry) }),
});

export const shutdown = defineEvent({
  name: "shutdown",
  summary: "The gateway is about to close every connection with 1012.",
  audience: "everyone",
  whenSlow: "close",
  payload: Shutdown,
});
