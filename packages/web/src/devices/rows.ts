// How devices, nodes and connections become one list, and what each may do in plain words. Pure functions.

import type { NodePairRequest, NodeView, PairedDevice, PairingRequest, PresenceEntry } from "@moltbot/protocol";
import { listed } from "../words/list.ts";
import { said, t } from "../words/t.ts";
import type { DevicesState } from "./known-devices.ts";

/** One line of the list. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly kind: "browser" | "program" | "node";
  readonly isConnected: boolean;
  readonly isThis: boolean;
  readonly lastSeenAt: number | undefined;
  /** What it may do, in one sentence. */
  readonly rights: string;
  /** All that it was given as an operator; who holds less cannot take it away. */
  readonly scopes: readonly string[];
  readonly device: PairedDevice | undefined;
  readonly node: NodeView | undefined;
}

/** Something that waits for a person. */
export interface Request {
  readonly requestId: string;
  readonly name: string;
  readonly from: string;
  /** What it wants, in one sentence. */
  readonly wants: string;
  readonly scopes: readonly string[];
  readonly isNode: boolean;
  readonly ts: number;
}

const ID_CHARS = 12;
const WINDOWS: ReadonlySet<string | undefined> = new Set(["webchat", "ui"]);

/** Everything that may connect or is connected: this browser first, then connected ones, then by when they were seen. */
export function rowsOf({ pairing, nodes = [], presence }: DevicesState, ownId: string | undefined): Row[] {
  const devices = new Map(pairing?.paired.map((device) => [device.deviceId, device]));
  const byNode = new Map(nodes.map((node) => [node.nodeId, node]));
  const here = new Map(presence.flatMap((entry) => (isHere(entry) ? [[entry.deviceId, entry] as const] : [])));
  const ids = [...new Set([...devices.keys(), ...byNode.keys(), ...here.keys()])];
  const rows = ids.map((id) => row({ id, device: devices.get(id), node: byNode.get(id), entry: here.get(id) }, ownId));
  return rows.sort(
    (a, b) =>
      Number(b.isThis) - Number(a.isThis) ||
      Number(b.isConnected) - Number(a.isConnected) ||
      (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
  );
}

/** Connections that proved no device of their own: they hold the gateway's own token or password. */
export function strangersIn({ presence }: DevicesState): PresenceEntry[] {
  return presence.filter(
    ({ deviceId, mode, reason }) =>
      deviceId === undefined && mode !== "gateway" && reason !== "disconnect" && reason !== "self",
  );
}

/** What waits, the oldest first. */
export function requestsOf({ pairing, nodeRequests }: DevicesState): Request[] {
  // A new node waits as a device first; then its commands do.
  const nodes = nodeRequests.filter(({ kind }) => kind !== "device").map(nodeRequest);
  return [...(pairing?.pending.map(deviceRequest) ?? []), ...nodes].sort((a, b) => a.ts - b.ts);
}

/** What an operator with these scopes may do, and what not, in one sentence. */
export function rightsText(scopes: readonly string[], isWanted = false): string {
  const holds = (name: string) => scopes.includes("operator.admin") || scopes.includes(`operator.${name}`);
  if (holds("admin"))
    return t(isWanted ? "Wants to do everything, settings included." : "May do everything, settings included.");
  const may = [
    holds("write") ? t("read and write") : holds("read") ? t("read") : "",
    holds("approvals") ? t("approve commands") : "",
    holds("pairing") ? t("let devices in") : "",
  ].filter(Boolean);
  const not = [
    holds("write") ? "" : t("write"),
    holds("approvals") ? "" : t("approve commands"),
    holds("pairing") ? "" : t("let devices in"),
    t("change settings"),
  ].filter(Boolean);
  if (may.length === 0) return t(isWanted ? "Wants to do nothing as an operator." : "May do nothing as an operator.");
  return t(isWanted ? "Wants to {0}; cannot {1}." : "May {0}; cannot {1}.", listed(may, "and"), listed(not, "or"));
}

/** Whether somebody with `held` scopes may give or take `wanted` ones, as the gateway decides it. */
export function covers(held: (scope: string) => boolean, wanted: readonly string[]): boolean {
  return wanted.every((scope) => held(scope));
}

/** What a node's commands are about, in plain words. */
export function abilitiesText(commands: readonly string[]): string {
  const areas = [...new Set(commands.map((command) => t(AREAS[command.split(".")[0] ?? ""] ?? command)))];
  return areas.length === 0 ? t("offers nothing yet") : t("can be asked for {0}", listed(areas, "and"));
}

const AREAS: Readonly<Record<string, string>> = {
  camera: said("pictures"),
  screen: said("its screen"),
  location: said("its place"),
  canvas: said("the canvas"),
  system: said("programs and notices"),
  browser: said("its browser"),
  device: said("its state"),
  sms: said("text messages"),
  mic: said("sound"),
  audio: said("sound"),
};

function isHere(entry: PresenceEntry): entry is PresenceEntry & { deviceId: string } {
  return entry.deviceId !== undefined && entry.reason !== "disconnect";
}

interface Sources {
  readonly id: string;
  readonly device: PairedDevice | undefined;
  readonly node: NodeView | undefined;
  readonly entry: PresenceEntry | undefined;
}

function row({ id, device, node, entry }: Sources, ownId: string | undefined): Row {
  const live = device?.tokens.filter(({ revokedAtMs }) => revokedAtMs === undefined) ?? [];
  const operator = live.find(({ role }) => role === "operator");
  const scopes = operator?.scopes ?? [];
  const used = [...live.map(({ lastUsedAtMs }) => lastUsedAtMs ?? 0), node?.lastSeenAtMs ?? 0, entry?.ts ?? 0];
  const lastSeenAt = Math.max(...used, 0) || device?.approvedAtMs;
  const isNode = node !== undefined;
  return {
    ...{
      id,
      name: node?.displayName ?? device?.displayName ?? entry?.host ?? id.slice(0, ID_CHARS),
      scopes,
      device,
      node,
    },
    kind: isNode ? "node" : WINDOWS.has(device?.clientMode ?? entry?.mode) ? "browser" : "program",
    isConnected: node?.connected === true || entry !== undefined,
    isThis: id === ownId,
    lastSeenAt,
    rights: [
      operator === undefined ? "" : rightsText(scopes),
      isNode ? sentence(abilitiesText(node.commands)) : "",
      operator === undefined && !isNode ? t("Its token was taken away; it may do nothing.") : "",
    ]
      .filter(Boolean)
      .join(" "),
  };
}

function deviceRequest(request: PairingRequest): Request {
  const { requestId, deviceId, displayName, clientId, platform, remoteIp, role, scopes = [], isRepair, ts } = request;
  const isNode = role === "node";
  const wants = isNode ? t("Wants to be a node, which does commands for you.") : rightsText(scopes, true);
  return {
    ...{ requestId, scopes, isNode: false, ts, name: displayName ?? clientId ?? deviceId.slice(0, ID_CHARS) },
    from: [platform, remoteIp].filter(Boolean).join(", "),
    wants: isRepair === true ? t("{0} It was let in before and asks for more.", wants) : wants,
  };
}

function nodeRequest({
  requestId,
  nodeId,
  displayName,
  commands = [],
  platform,
  remoteIp,
  ts,
}: NodePairRequest): Request {
  return {
    ...{ requestId, scopes: [], isNode: true, ts, name: displayName ?? nodeId.slice(0, ID_CHARS) },
    from: [platform, remoteIp].filter(Boolean).join(", "),
    wants: t("Offers {0}.", commands.length === 0 ? t("nothing") : commands.join(", ")),
  };
}

function sentence(text: string): string {
  return t("{0}.", text.charAt(0).toUpperCase() + text.slice(1));
}
