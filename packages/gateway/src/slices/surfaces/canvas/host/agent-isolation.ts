/** Keeps the pages of one agent from the files and screens of another: all of them share the origin of the canvas. */
import type { IncomingMessage } from "node:http";
import type { AgentFolders, Place } from "../files/agent-folders.ts";
import type { Verdict } from "./access.ts";
import type { Opening } from "./viewers.ts";

interface Looking {
  readonly request: IncomingMessage;
  readonly verdict: Extract<Verdict, { kind: "granted" }>;
}

interface Fencing {
  readonly place: Pick<Place, "agentId" | "isDefault">;
  /** Whether a browser's page is shown in a sandbox, where only an address of its own lets it in. */
  readonly wantsOwn: boolean;
  /** Whether there is anybody to keep apart. */
  readonly areSeveral: boolean;
}

/**
 * Whether a file must be asked for under an address of its own, which opens the files of its agent alone (`bind`), or is asked
 * for by a page of another agent (`foreign`). Such an address is all that a page knows, so it reaches no other agent's files.
 */
export function isolationOf(
  { request, verdict }: Looking,
  { place, wantsOwn, areSeveral }: Fencing,
): "bind" | "foreign" | undefined {
  const bound = verdict.capability?.holder.agentId;
  if (bound !== undefined) return bound === place.agentId ? undefined : "foreign";
  if (wantsOwn) return "bind";
  if (verdict.capability) return areSeveral ? "bind" : undefined;
  // Without an address it is a program on this machine, or a part of a page of the default agent.
  const isPart = (request.headers["sec-fetch-mode"] ?? "navigate") !== "navigate";
  return isPart && !place.isDefault ? "foreign" : undefined;
}

/**
 * Whether a socket may watch the screen of a conversation. A page under an address of one agent watches that agent's screens;
 * one without an address is a page of the default agent.
 */
export function mayWatch(
  { request, capability }: Pick<Opening, "request" | "capability">,
  sessionKey: string,
  { folders, agentOf }: { readonly folders: AgentFolders; agentOf(sessionKey: string): string },
): boolean {
  if (!folders.areSeveral) return true;
  const isPage = capability === undefined && request.headers.origin !== undefined;
  const agentId = isPage ? folders.defaultId : capability?.holder.agentId;
  return agentId === undefined || agentId === agentOf(sessionKey);
}

/** A query without a capability in it: a page must not learn of one that opens more than its own files. */
export function withoutCapability(query: string | undefined): string {
  if (query === undefined) return "";
  const kept = new URLSearchParams(query);
  if (!kept.has("oc_cap")) return `?${query}`;
  kept.delete("oc_cap");
  return kept.size === 0 ? "" : `?${kept}`;
}
