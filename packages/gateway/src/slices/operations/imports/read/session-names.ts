/** Names of conversations: the forms of the other gateways, in ours. */
import { normalAgentId } from "../../../core/agents/agents.ts";

/** The settings that names depend on. */
export interface KeyWords {
  readonly defaultAgent: string;
  /** What the other gateway calls the main conversation. */
  readonly mainKey: string;
}

/**
 * Our name of a conversation. The main one is under several names there (`main`, the name of `session.mainKey`, with
 * and without its agent) and has one here. Later gateways say `direct` where we say `dm`.
 */
export function ourKey(key: string, agentId: string, { mainKey }: KeyWords): string {
  const lower = key.trim().toLowerCase();
  if (lower === "global" || lower === "unknown") return lower;
  const [, named, rest] = /^agent:([^:]+):(.+)$/s.exec(lower) ?? [];
  const name = rest ?? lower;
  const agent = normalAgentId(named ?? agentId);
  const isMain = name === "main" || name === mainKey.toLowerCase();
  return `agent:${agent}:${isMain ? "main" : name.replace(/^([^:]+):direct:/, "$1:dm:")}`;
}
