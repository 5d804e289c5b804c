/** Paired devices, as both generations write them. */
import type { FoundDevice } from "../found.ts";
import { type Fields, fieldsOf, textIn, textsIn, timeIn } from "./fields.ts";

/** A device; undefined without an id and a key. A revoked one keeps its entry there; its tokens count no more. */
export function deviceOf(device: Fields): FoundDevice | undefined {
  const [deviceId, publicKey] = [textIn(device.deviceId), textIn(device.publicKey)];
  if (deviceId === undefined || publicKey === undefined) return undefined;
  const tokens = Object.entries(fieldsOf(device.tokens)).flatMap(([role, value]) => {
    const { token, scopes, revokedAtMs } = fieldsOf(value);
    const secret = textIn(token);
    return secret === undefined || revokedAtMs !== undefined ? [] : [{ role, token: secret, scopes: textsIn(scopes) }];
  });
  const createdAt = timeIn(device.createdAtMs) ?? timeIn(device.approvedAtMs) ?? 0;
  return {
    ...{ deviceId, publicKey, displayName: textIn(device.displayName), platform: textIn(device.platform) },
    ...{ clientId: textIn(device.clientId), clientMode: textIn(device.clientMode) },
    roles: [...new Set([...textsIn(device.roles), ...textsIn(device.role)])],
    scopes: textsIn(device.approvedScopes ?? device.scopes),
    ...{ createdAt, approvedAt: timeIn(device.approvedAtMs) ?? createdAt, tokens },
  };
}
