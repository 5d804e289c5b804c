/** Nodes as a model reads them: which there are, which one is in use, and what each can be asked for. */
import { named } from "../../../kit/text/one-line.ts";
import type { NodeShape } from "../../core/nodes/schema.ts";

type Named = Pick<NodeShape, "nodeId"> & { readonly displayName?: string | undefined };

const MINUTE_MS = 60_000;
/** A device that was used within this time is the one in front, ms. */
const IN_FRONT_MS = 5 * MINUTE_MS;
const MAX_COMMANDS = 30;

/** The name of a node in a sentence. */
export function shownName({ displayName, nodeId }: Named): string {
  return named(displayName ?? "") || nodeId.slice(0, 12);
}

/** The connected node that was used last, when one was lately. */
export function lastUsedNode(nodes: readonly NodeShape[]): NodeShape | undefined {
  return nodes
    .filter(({ connected, idleSeconds }) => connected && idleSeconds !== undefined && idleSeconds * 1_000 < IN_FRONT_MS)
    .toSorted((a, b) => a.idleSeconds! - b.idleSeconds!)[0];
}

/** A line for each node, those in use first. */
export function listText(nodes: readonly NodeShape[], now: number): string {
  const front = lastUsedNode(nodes);
  const rest = nodes.filter((node) => node !== front);
  return [...(front ? [front] : []), ...rest]
    .map((node) => `${node === front ? "[in front] " : ""}${lineOf(node, now)}`)
    .join("\n");
}

/** Everything about one node, a fact a line. */
export function describeText(node: NodeShape, now: number): string {
  const { modelIdentifier, deviceFamily, version, permissions = {}, hostStats, pendingDeclaredCommands } = node;
  const given = Object.entries(permissions).map(([name, isGiven]) => `${named(name)} ${isGiven ? "yes" : "no"}`);
  const model = [deviceFamily, modelIdentifier, version].flatMap((each) => (each ? [named(each)] : [])).join(", ");
  return [
    lineOf(node, now),
    `id: ${node.nodeId}`,
    ...(model === "" ? [] : [`device: ${model}`]),
    ...(given.length > 0 ? [`permissions: ${given.join(", ")}`] : []),
    ...(hostStats ? [`load: ${hostStats.loadAverage?.[0] ?? "unknown"} on ${hostStats.cpuCount} processors`] : []),
    ...(pendingDeclaredCommands ? [`waits for approval: ${commandsOf(pendingDeclaredCommands)}`] : []),
  ].join("\n");
}

function lineOf(node: NodeShape, now: number): string {
  const { platform, connected, commands, hint, battery, waitingCalls } = node;
  const charge = battery && `battery ${Math.round(battery.level * 100)}%${battery.charging ? ", charging" : ""}`;
  const facts = [
    named(platform ?? "") || "unknown platform",
    connected ? awakeText(node, now) : awayText(node, now),
    ...(charge ? [charge] : []),
    connected ? `offers ${commandsOf(commands)}` : "",
    waitingCalls === undefined ? "" : `${waitingCalls} calls wait for it`,
    hint === undefined ? "" : named(hint),
  ];
  return `${shownName(node)} (${node.nodeId.slice(0, 12)}): ${facts.filter(Boolean).join("; ")}`;
}

function awakeText({ idleSeconds, usedIn, lastAliveAtMs, connectedAtMs }: NodeShape, now: number): string {
  const where = usedIn === "app" ? " in its app" : "";
  if (idleSeconds !== undefined) return `awake, last used ${spanText(idleSeconds * 1_000)} ago${where}`;
  const seen = lastAliveAtMs ?? connectedAtMs;
  return seen === undefined ? "connected" : `connected, last heard of ${spanText(now - seen)} ago`;
}

function awayText({ lastSeenAtMs }: NodeShape, now: number): string {
  return lastSeenAtMs === undefined ? "away" : `away, last seen ${spanText(now - lastSeenAtMs)} ago`;
}

function commandsOf(commands: readonly string[]): string {
  if (commands.length === 0) return "nothing now";
  const more = commands.length > MAX_COMMANDS ? ` and ${commands.length - MAX_COMMANDS} more` : "";
  return `${commands.slice(0, MAX_COMMANDS).map(named).join(", ")}${more}`;
}

function spanText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / MINUTE_MS));
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2 * 1_440 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}
