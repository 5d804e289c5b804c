/** Which agent answers a request, and in which conversation (protocol: HTTP surface). */
import type { IncomingHttpHeaders } from "node:http";
import { newId, sha256Hex } from "../../../base/ids.ts";
import { type Agents, normalAgentId } from "../../core/agents/agents.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import { refused } from "./exchange.ts";

/** Names of the product in headers; it has had several. */
const BRANDS = ["moltbot", "clawdbot", "openclaw"] as const;

/** The value of a header `x-<brand>-<name>`; undefined when it is absent or blank. */
export function branded(headers: IncomingHttpHeaders, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const brand of BRANDS) {
      const value = headers[`x-${brand}-${name}`];
      if (typeof value === "string" && value.trim() !== "") return value.trim();
    }
  }
  return undefined;
}

/** The names under which agents are listed as models. */
export function modelNames(agents: Agents): string[] {
  return agents.ids().map((id) => `moltbot:${id}`);
}

/**
 * The agent that a request means: by header, else by `moltbot:ID` or `agent:ID` as its model; undefined when it names
 * none. Throws a 404 when there is none of that name.
 */
export function namedAgent(headers: IncomingHttpHeaders, model: string, agents: Agents): string | undefined {
  const [, ofModel] = /^(?:moltbot|clawdbot|openclaw|agent)[:/](.+)$/i.exec(model.trim()) ?? [];
  const named = branded(headers, "agent-id", "agent") ?? ofModel;
  if (named === undefined) return undefined;
  const id = normalAgentId(named);
  if (agents.ids().includes(id)) return id;
  throw refused(404, `There is no agent "${named.slice(0, 64)}"; there are ${agents.ids().join(", ")}.`, {
    param: "model",
    code: "model_not_found",
  });
}

const MAX_OLD_CHARS = 256;

/** The conversation: by header, else one for each `user`, else a new one. Throws `INVALID_REQUEST` for a bad key. */
export function sessionKeyOf(
  headers: IncomingHttpHeaders,
  { agentId, kind, user }: { agentId: string; kind: "openai" | "openresponses"; user: unknown },
  sessions: Sessions,
): string {
  const named = branded(headers, "session-key");
  if (named !== undefined) return sessions.canonical(named);
  if (typeof user !== "string" || user.trim() === "") return sessions.canonical(`agent:${agentId}:${kind}:${newId()}`);
  const keyOf = (name: string) => sessions.canonical(`agent:${agentId}:${kind}-user:${name}`);
  // Hash the value: callers put names, addresses and whole sentences there, and keys appear in logs, lists and events.
  // Capitals have never told two users apart.
  const hashed = keyOf(sha256Hex(user.trim().toLowerCase()).slice(0, 32));
  if (sessions.get(hashed) || user.length > MAX_OLD_CHARS) return hashed;
  // Continue an old conversation whose key holds the plain name.
  const old = keyOf(user);
  return sessions.get(old) ? old : hashed;
}
