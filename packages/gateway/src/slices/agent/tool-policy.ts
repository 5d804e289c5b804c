/** Who may have which tool used: every policy that bears on a run must allow it, and none may deny it. */
import { hasScope } from "../../kit/access.ts";
import type { Tool, ToolAudience, ToolRun } from "../../kit/tool.ts";
import type { ToolPolicy, ToolSettings } from "./settings.ts";

/** Names that stand for several tools. */
export const TOOL_GROUPS: Readonly<Record<string, readonly string[]>> = {
  "group:fs": ["read", "write", "edit", "list", "search"],
  "group:runtime": ["exec"],
  "group:web": ["web_*"],
  "group:messaging": ["message"],
  "group:sessions": ["sessions_*", "spawn"],
  "group:memory": ["memory_*"],
  "group:mcp": ["mcp_*"],
};

const RANK: Readonly<Record<ToolAudience, number>> = { anyone: 0, trusted: 1, owner: 2 };

/**
 * For whom a run works. Operators of the wire hold a credential of the owner's; on channels the owner is whoever holds
 * admin scope, and people who were let in may write.
 */
export function audienceOf({ principal, scopes }: Pick<ToolRun["starter"], "principal" | "scopes">): ToolAudience {
  const held = new Set(scopes);
  if (hasScope(held, principal.startsWith("channel:") ? "operator.admin" : "operator.write")) return "owner";
  return hasScope(held, "operator.write") ? "trusted" : "anyone";
}

/** The tools of `all` that a run may use. `agent` is the policy of its agent. */
export function allowedTools(
  all: readonly Tool[],
  run: Pick<ToolRun, "audience" | "deliver" | "starter">,
  settings: ToolSettings,
  agent: ToolPolicy | undefined,
): Tool[] {
  const channel = run.deliver?.channel;
  const sender = run.starter.principal.startsWith("channel:")
    ? run.starter.principal.slice("channel:".length)
    : undefined;
  const policies = [
    settings,
    agent,
    channel === undefined ? undefined : settings.byChannel?.[channel],
    sender === undefined ? undefined : settings.bySender?.[sender],
  ].filter((policy) => policy !== undefined);
  return all.filter(
    ({ name, audience }) => RANK[run.audience] >= RANK[audience] && policies.every((policy) => isAllowed(name, policy)),
  );
}

function isAllowed(name: string, { allow, deny }: ToolPolicy): boolean {
  return (allow === undefined || matches(name, allow)) && !matches(name, deny ?? []);
}

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.flatMap((pattern) => TOOL_GROUPS[pattern] ?? [pattern]).some((pattern) => matchesOne(name, pattern));
}

function matchesOne(name: string, pattern: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
