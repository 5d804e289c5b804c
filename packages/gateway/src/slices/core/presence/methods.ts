/** Methods about who is connected. */
import { Type } from "@sinclair/typebox";
import { PresenceEntry } from "../../../kit/schema/frames.ts";
import { defineMethod } from "./slice.ts";

export const systemPresence = defineMethod({
  name: "system-presence",
  summary: "Who is connected, newest first; the gateway's own row is always there.",
  access: "operator.read",
  open: true,
  params: {},
  result: Type.Array(PresenceEntry),
  handler: ({ gateway }) => gateway.presence.list(),
});
