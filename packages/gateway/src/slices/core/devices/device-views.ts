/** Devices and requests as the wire says them. */
import type { Static } from "@sinclair/typebox";
import type { Device, Pending, Token } from "./device-rows.ts";
import type { PairedDevice, PairingRequest } from "./schema.ts";

/** A device that is paired, with its tokens but not their values. */
export function deviceView(device: Device, tokens: readonly Token[]): Static<typeof PairedDevice> {
  return {
    ...shownFacts(device),
    ...(device.roles.length === 1 && { role: device.roles[0]! }),
    roles: [...device.roles],
    scopes: [...device.scopes],
    tokens: tokens.map(({ role, scopes, createdAt, rotatedAt, revokedAt, lastUsedAt }) => ({
      role,
      scopes: [...scopes],
      createdAtMs: createdAt,
      ...(rotatedAt !== null && { rotatedAtMs: rotatedAt }),
      ...(revokedAt !== null && { revokedAtMs: revokedAt }),
      ...(lastUsedAt !== null && { lastUsedAtMs: lastUsedAt }),
    })),
    createdAtMs: device.createdAt,
    approvedAtMs: device.approvedAt,
  };
}

/** A request that waits for a person. */
export function pendingView(pending: Pending): Static<typeof PairingRequest> {
  const { requestId, role, scopes, isRepair, requestedAt } = pending;
  return {
    requestId,
    ...shownFacts(pending),
    role,
    roles: [role],
    scopes: [...scopes],
    silent: false,
    isRepair,
    ts: requestedAt,
  };
}

function shownFacts(
  facts: Pick<Device, "deviceId" | "publicKey" | "displayName" | "platform" | "clientId" | "clientMode" | "remoteIp">,
) {
  const { deviceId, publicKey, displayName, platform, clientId, clientMode, remoteIp } = facts;
  return {
    deviceId,
    publicKey,
    ...(displayName && { displayName }),
    ...(platform && { platform }),
    ...(clientId && { clientId }),
    ...(clientMode && { clientMode }),
    ...(remoteIp && { remoteIp }),
  };
}
