// Who this browser is as a node: its own key beside WebChat's, the invitation from the link, its name.

import { type ClientInfo, canSign, type DeviceIdentity, indexedDbKeys, openDeviceIdentity } from "@moltbot/protocol";
import { newId } from "../ids.ts";
import { browserName, platformName } from "../visit/credentials.ts";
import { recall, remember } from "../visit/storage.ts";

declare const MOLTBOT_VERSION: string;

const NAME = "node.name";
const INVITATION = "node.invitation";

/**
 * Takes the invitation out of the link's fragment, so that it is in no history entry, bookmark or screenshot. It is kept
 * until the browser has a token of its own.
 */
export function takeInvitation(): string | undefined {
  const link = new URLSearchParams(location.hash.slice(1));
  const given = link.get("invite") ?? undefined;
  const name = link.get("name");
  if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  if (given !== undefined) remember(INVITATION, given);
  if (given !== undefined && name !== null) setNodeName(name);
  return given ?? recall(INVITATION);
}

export function dropInvitation(): void {
  remember(INVITATION, undefined);
}

/** This browser's key as a node; undefined where it cannot have one. */
export async function nodeIdentity(): Promise<DeviceIdentity | undefined> {
  if (!canSign()) return undefined;
  try {
    return await openDeviceIdentity(indexedDbKeys("moltbot-node"));
  } catch {
    return undefined; // private windows may refuse IndexedDB, older browsers Ed25519
  }
}

/** What the gateway shows of this node. The platform is "web": what a page may do does not depend on the system. */
export function nodeInfo(): ClientInfo {
  const instance = recall("node.instance") ?? newId();
  remember("node.instance", instance);
  return {
    ...{ id: "moltbot-web-node", version: MOLTBOT_VERSION, platform: "web", mode: "node" },
    ...{ displayName: nodeName(), deviceFamily: platformName(), instanceId: instance },
  };
}

export function nodeName(): string {
  return recall(NAME) ?? `${browserName()} on ${platformName()}`;
}

export function setNodeName(name: string): void {
  remember(NAME, name.trim().slice(0, 100) || undefined);
}
