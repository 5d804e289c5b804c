/** Events about devices that ask to be let in. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { PairingRequest } from "./schema.ts";

export const pairRequested = defineEvent({
  name: "device.pair.requested",
  summary: "A new device waits for approval.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: PairingRequest,
});

export const pairResolved = defineEvent({
  name: "device.pair.resolved",
  summary: "A device's request was approved or rejected; a local one is approved at once.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: Type.Object({ requestId: NonEmpty, deviceId: NonEmpty, decision: NonEmpty, ts: Millis }),
});

export const deviceRemoved = defineEvent({
  name: "device.removed",
  summary: "A device must be paired again, or a role's token of it was taken away.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: Type.Object({ deviceId: NonEmpty, ts: Millis }),
});
