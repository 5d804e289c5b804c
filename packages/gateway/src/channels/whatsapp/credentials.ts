/**
 * A linked session in the account's state: the credentials, with the ones before them, and one row for each Signal key.
 * Whatever the library changes in one transaction is written at once.
 */

import type { AuthenticationCreds, SignalKeyStore } from "@whiskeysockets/baileys";
import { ignore } from "../../base/errors.ts";
import type { ChannelState, StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import type { Baileys } from "./library.ts";

const CREDENTIALS = "creds";
const PREVIOUS = "creds.previous";
const KEY_PREFIX = "key/";

/** Under this type of key, what a message says travels with the keys that opened it. */
export const INBOUND = "inbound";

/** The stored credentials; those before them when the newest cannot be read; undefined when there are none. */
export function storedCredentials(library: Baileys, state: ChannelState): AuthenticationCreds | undefined {
  for (const key of [CREDENTIALS, PREVIOUS]) {
    const text = state.get(key);
    if (text === undefined) continue;
    try {
      const creds = JSON.parse(text, library.BufferJSON.reviver) as AuthenticationCreds;
      if (creds.me && creds.noiseKey && creds.signedIdentityKey) return creds;
    } catch (error) {
      ignore(error, "a damaged row: the one before it is tried");
    }
  }
  return undefined;
}

/** The change that keeps these credentials and moves the stored ones aside. */
export function credentialChanges(library: Baileys, state: ChannelState, creds: AuthenticationCreds): StateChanges {
  const newest = JSON.stringify(creds, library.BufferJSON.replacer);
  const stored = state.get(CREDENTIALS);
  if (stored === newest) return {};
  return { [CREDENTIALS]: newest, ...(stored !== undefined && { [PREVIOUS]: stored }) };
}

/** The changes that remove everything of a session. */
export function removal(state: ChannelState): StateChanges {
  const rows = [...state.entries(KEY_PREFIX), ...state.entries(CREDENTIALS)];
  return Object.fromEntries(rows.map(([key]) => [key, undefined]));
}

/** Where keys go. `commit` writes all or nothing and may throw; WhatsApp gets its receipts when it resolves. */
export interface KeyRows {
  get(key: string): string | undefined;
  commit(changes: StateChanges, inbound: readonly Inbound[]): Promise<void>;
}

/** The library's key store over rows. */
export function keyStore(library: Baileys, rows: KeyRows): SignalKeyStore {
  const { BufferJSON, proto } = library;
  return {
    get(type, ids) {
      const found = ids.flatMap((id) => {
        const text = rows.get(rowOf(type, id));
        if (text === undefined) return [];
        const value: unknown = JSON.parse(text, BufferJSON.reviver);
        const isSyncKey = type === "app-state-sync-key";
        return [[id, isSyncKey ? proto.Message.AppStateSyncKeyData.fromObject(value as object) : value]];
      });
      return Object.fromEntries(found);
    },
    set(data) {
      const changes: Record<string, string | undefined> = {};
      const inbound: Inbound[] = [];
      for (const [type, entries] of Object.entries(data as Record<string, Record<string, unknown> | undefined>)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (type === INBOUND) inbound.push(value as Inbound);
          else changes[rowOf(type, id)] = value == null ? undefined : JSON.stringify(value, BufferJSON.replacer);
        }
      }
      return rows.commit(changes, inbound);
    },
  };
}

function rowOf(type: string, id: string): string {
  return `${KEY_PREFIX}${type}/${id}`;
}
