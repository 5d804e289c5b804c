/** Session keys: the canonical name of a conversation, and what can be read from it (protocol: session keys). */
import { invalidRequest } from "../../../base/errors.ts";
import { normalAgentId } from "../agents/agents.ts";

/** The settings that keys depend on. */
export interface KeyDefaults {
  readonly scope: "per-sender" | "global";
  readonly mainKey: string;
  readonly defaultAgentId: string;
}

/** What kind of conversation a key names. */
export type SessionKind = "direct" | "group" | "global" | "unknown";

const MAX_KEY_CHARS = 512;

/** The key of an agent's main conversation. */
export function mainSessionKey(agentId: string, { scope, mainKey }: KeyDefaults): string {
  return scope === "global" ? "global" : `agent:${normalAgentId(agentId)}:${mainKey.toLowerCase()}`;
}

/**
 * The canonical form of a key as a client spells it. Throws `INVALID_REQUEST` when it is blank, too long, or holds
 * control characters.
 */
export function canonicalKey(spelled: string, defaults: KeyDefaults): string {
  const key = spelled.trim().toLowerCase();
  if (key === "") throw invalidRequest("session key must not be blank");
  if (key.length > MAX_KEY_CHARS)
    throw invalidRequest(`session key must not be longer than ${MAX_KEY_CHARS} characters`);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(key)) throw invalidRequest("session key must not contain control characters");
  if (key === "global" || key === "unknown") return key;
  if (key === "main" || key === defaults.mainKey.toLowerCase())
    return mainSessionKey(defaults.defaultAgentId, defaults);
  const [prefix, agentId = "", ...rest] = key.split(":");
  if (prefix !== "agent") return `agent:${defaults.defaultAgentId}:${key}`;
  const name = rest.join(":");
  if (agentId.trim() === "" || name.trim() === "") throw invalidRequest("session key must read agent:<agent>:<name>");
  const isMain = name === "main" || name === defaults.mainKey.toLowerCase();
  return isMain ? mainSessionKey(agentId, defaults) : `agent:${normalAgentId(agentId)}:${name}`;
}

/** The agent that a canonical key names; undefined for `global` and `unknown`. */
export function agentIdOf(key: string): string | undefined {
  return key.startsWith("agent:") ? key.split(":")[1] : undefined;
}

export function kindOf(key: string): SessionKind {
  if (key === "global" || key === "unknown") return key;
  return /:(?:group|channel):/.test(key) ? "group" : "direct";
}

/** Whether a canonical key names the conversation of a job. */
export function isCronKey(key: string): boolean {
  return /^agent:[^:]+:cron:/.test(key);
}

/** Whether a canonical key names the conversation of an agent that another agent started. */
export function isSubagentKey(key: string): boolean {
  return /^agent:[^:]+:subagent:/.test(key);
}
