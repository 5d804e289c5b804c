/** The wire shapes of devices and of pairing requests (protocol: device pairing). */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";

const facts = {
  deviceId: NonEmpty,
  publicKey: NonEmpty,
  displayName: Type.Optional(NonEmpty),
  platform: Type.Optional(NonEmpty),
  clientId: Type.Optional(NonEmpty),
  clientMode: Type.Optional(NonEmpty),
  role: Type.Optional(NonEmpty),
  roles: Type.Optional(Type.Array(NonEmpty)),
  scopes: Type.Optional(Type.Array(NonEmpty)),
  remoteIp: Type.Optional(NonEmpty),
};

/** A device that waits for approval. */
export const PairingRequest = Type.Object({
  requestId: NonEmpty,
  ...facts,
  silent: Type.Optional(Type.Boolean()),
  isRepair: Type.Optional(Type.Boolean({ description: "The device was paired before and asks for more." })),
  ts: Millis,
});

/** A token without its value. */
export const TokenSummary = Type.Object({
  role: NonEmpty,
  scopes: Type.Array(NonEmpty),
  createdAtMs: Millis,
  rotatedAtMs: Type.Optional(Millis),
  revokedAtMs: Type.Optional(Millis),
  lastUsedAtMs: Type.Optional(Millis),
});

/** A device that has been approved. */
export const PairedDevice = Type.Object({
  ...facts,
  tokens: Type.Array(TokenSummary),
  createdAtMs: Millis,
  approvedAtMs: Millis,
});
