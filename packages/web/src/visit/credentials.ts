// How this browser proves itself to the gateway it was loaded from: link token, pasted secret, device identity.

import {
  type ClientInfo,
  canSign,
  type DeviceIdentity,
  indexedDbKeys,
  type KeyStorage,
  openDeviceIdentity,
  type TokenStorage,
} from "@moltbot/protocol";
import { newId } from "../ids.ts";
import { ignore } from "../ignore.ts";
import { recall, remember } from "./storage.ts";

declare const MOLTBOT_VERSION: string;

/** What the page asks to be allowed: it is its owner's console, with the same abilities as the command line. */
const ALL_SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];

/** The scopes to ask for; a link with `may=read` makes a browser one that only looks, until it is signed out. */
export function wantedScopes(): readonly string[] {
  return recall("may") === "read" ? ["operator.read"] : ALL_SCOPES;
}

/**
 * Takes the token out of the link's fragment and removes it from the address at once, so that it is in no history entry,
 * bookmark or screenshot. `undefined` when the link carries none.
 */
export function takeTokenFromAddress(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token") ?? undefined;
  if (token === undefined) return undefined;
  remember("may", given.get("may") === "read" ? "read" : undefined);
  history.replaceState(history.state, "", location.pathname + location.search);
  remember("token", token);
  return token;
}

/** The link token of an earlier visit. What a person pastes is never kept: the device token takes its place. */
export function storedToken(): string | undefined {
  return recall("token");
}

/** Forgets every credential but the device's key, which is worth nothing by itself. */
export function forgetSecrets(): void {
  remember("token", undefined);
  remember("may", undefined);
  remember("device-token.operator", undefined);
}

/** Device tokens beside the other things the page remembers. */
export const deviceTokens: TokenStorage = {
  load: (role) => recall(`device-token.${role}`),
  save(role, token) {
    remember(`device-token.${role}`, token);
  },
};

/**
 * This browser's device identity, or `undefined` where the browser cannot sign: on plain http from another machine. One that
 * keeps nothing, because storage is blocked or full, is a new device at each visit.
 */
export async function browserIdentity(): Promise<DeviceIdentity | undefined> {
  if (!canSign()) return undefined;
  for (const keys of [indexedDbKeys(), FORGETFUL])
    try {
      return await openDeviceIdentity(keys);
    } catch (error) {
      ignore(error, "private windows may refuse IndexedDB, older browsers Ed25519");
    }
  return undefined;
}

const FORGETFUL: KeyStorage = { load: async () => undefined, save: async () => {} };

/** The gateway this page came from; the page never speaks to another. */
export function gatewayUrl(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${location.pathname}`;
}

/** What the gateway shows in presence for this page. */
export function clientInfo(): ClientInfo {
  return {
    id: "webchat-ui",
    version: MOLTBOT_VERSION,
    platform: platformName(),
    mode: "webchat",
    displayName: `WebChat (${browserName()})`,
    instanceId: instanceId(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function instanceId(): string {
  const known = recall("instance") ?? newId();
  remember("instance", known);
  return known;
}

/** The system that the browser runs on, in one word. */
export function platformName(): string {
  const agent = navigator.userAgent;
  return /Android|iPhone|iPad|Mac OS|Windows|Linux/.exec(agent)?.[0].toLowerCase() ?? "web";
}

/** The browser in one word. */
export function browserName(): string {
  const agent = navigator.userAgent;
  return /Edg|Firefox|Chrome|Safari/.exec(agent)?.[0].replace("Edg", "Edge") ?? "browser";
}
