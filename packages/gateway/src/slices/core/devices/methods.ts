/** Methods about devices (protocol: device.*). */
import { Type } from "@sinclair/typebox";
import { Id, Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { PairedDevice, PairingRequest } from "./schema.ts";
import { defineMethod } from "./slice.ts";

export const pairList = defineMethod({
  name: "device.pair.list",
  summary: "Devices that wait for approval and devices that are paired, newest first.",
  access: "operator.pairing",
  params: {},
  result: Type.Object({ pending: Type.Array(PairingRequest), paired: Type.Array(PairedDevice) }),
  handler: ({ gateway }) => gateway.devices.list(),
});

export const pairApprove = defineMethod({
  name: "device.pair.approve",
  summary: "Lets a device in with exactly the role and scopes that its request shows.",
  access: "operator.pairing",
  params: { requestId: Id },
  result: Type.Object({ requestId: NonEmpty, device: PairedDevice }),
  handler: ({ params, gateway, caller }) => gateway.devices.approve(params.requestId, caller),
});

export const pairReject = defineMethod({
  name: "device.pair.reject",
  summary: "Turns a waiting device away.",
  access: "operator.pairing",
  params: { requestId: Id },
  result: Type.Object({ requestId: NonEmpty, deviceId: NonEmpty }),
  handler: ({ params, gateway }) => gateway.devices.reject(params.requestId),
});

export const pairRemove = defineMethod({
  name: "device.pair.remove",
  summary: "Forgets a paired device; it must be paired again.",
  access: "operator.pairing",
  params: { deviceId: Id },
  result: Type.Object({ deviceId: NonEmpty, removed: Type.Literal(true) }),
  handler: ({ params, gateway, caller }) => gateway.devices.remove(params.deviceId, caller),
});

export const tokenRotate = defineMethod({
  name: "device.token.rotate",
  summary: "Gives a device's role a new token; the old one ends at once. Scopes can be narrowed, not widened.",
  access: "operator.pairing",
  params: { deviceId: Id, role: Id, scopes: Type.Optional(Type.Array(Id, { maxItems: 100 })) },
  result: Type.Object({
    deviceId: NonEmpty,
    role: NonEmpty,
    token: NonEmpty,
    scopes: Type.Array(NonEmpty),
    rotatedAtMs: Millis,
  }),
  handler: ({ params: { deviceId, role, scopes }, gateway, caller }) =>
    gateway.devices.rotate(deviceId, role, scopes, caller),
});

export const tokenRevoke = defineMethod({
  name: "device.token.revoke",
  summary: "Ends a device's token for a role, and the connections that rest on it.",
  access: "operator.pairing",
  params: { deviceId: Id, role: Id },
  result: Type.Object({ deviceId: NonEmpty, role: NonEmpty, revokedAtMs: Millis }),
  handler: ({ params: { deviceId, role }, gateway, caller }) => gateway.devices.revoke(deviceId, role, caller),
});
