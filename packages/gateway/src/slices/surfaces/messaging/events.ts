/** Events about channels. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { AccountSnapshot, SenderRequest } from "./schema.ts";

export const channelChanged = defineEvent({
  name: "channels.changed",
  summary: "An account has another state.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({ channel: NonEmpty, account: AccountSnapshot }),
});

export const pairingRequested = defineEvent({
  name: "pairing.requested",
  summary: "A sender whom nobody knows has been given a code.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: SenderRequest,
});

export const pairingResolved = defineEvent({
  name: "pairing.resolved",
  summary: "A sender was let in or turned away.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: Type.Object({ channel: NonEmpty, id: Type.String(), decision: OneOf("approved", "rejected") }),
});
