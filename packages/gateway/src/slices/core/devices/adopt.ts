/** Takes in devices that another gateway has paired. Each of their tokens is accepted once, and answered with one of ours. */

import { sha256Hex } from "../../../base/ids.ts";
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { firstTokenVersion } from "./device-token.ts";

/** A device as it was paired elsewhere. Times are epoch ms. */
export interface AdoptedDevice {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string | undefined;
  readonly platform?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientMode?: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly approvedAt: number;
  readonly tokens: readonly { readonly role: string; readonly token: string; readonly scopes: readonly string[] }[];
}

/** Adds a device with the roles whose tokens count; false when it is known here. */
export function adoptDevice(store: Store, device: AdoptedDevice): boolean {
  const { deviceId, publicKey, displayName, platform, clientId, clientMode, createdAt, approvedAt, tokens } = device;
  return store.transaction(() => {
    if (store.get("select 1 from devices where device_id = ?", deviceId)) return false;
    store.run(
      ...insertInto("devices", {
        device_id: deviceId,
        public_key: publicKey,
        display_name: displayName,
        platform,
        client_id: clientId,
        client_mode: clientMode,
        roles: JSON.stringify([...new Set(tokens.map(({ role }) => role))]),
        scopes: JSON.stringify(device.scopes),
        created_at: createdAt,
        approved_at: approvedAt,
      }),
    );
    for (const { role, token, scopes } of tokens) {
      store.run(
        ...insertInto("device_tokens", {
          device_id: deviceId,
          role,
          version: firstTokenVersion(),
          scopes: JSON.stringify(scopes.toSorted()),
          created_at: createdAt,
        }),
      );
      store.run("insert into old_tokens values (?, ?, ?)", deviceId, role, sha256Hex(token));
    }
    return true;
  });
}

/** Whether a token is the one that a device had elsewhere; it is accepted this once. */
export function redeemOldToken(
  store: Store,
  token: string,
  { deviceId, role }: { deviceId: string; role: string },
): boolean {
  const sql = "delete from old_tokens where device_id = ? and role = ? and hash = ?";
  return store.run(sql, deviceId, role, sha256Hex(token)).changes > 0;
}
