/** The tool policy: every policy that applies to a run must allow a tool, and none may deny it. */

import { matchesName } from "../../../../base/text/glob.ts";
import { hasScope } from "../../../../kit/access.ts";
import type { Tool, ToolAudience, ToolLimits, ToolRun } from "../../../../kit/tool.ts";
import type { RunRecord } from "../run/run-store.ts";
import type { ToolPolicy, ToolRules } from "../settings.ts";

/** Names of groups of tools. */
export const TOOL_GROUPS: Readonly<Record<string, readonly string[]>> = {
  "group:fs": ["read", "write", "edit", "list", "search"],
  "group:runtime": ["exec", "process"],
  "group:web": ["web_*"],
  "group:messaging": ["message"],
  "group:sessions": ["sessions_*", "spawn"],
  "group:memory": ["memory_*"],
  "group:nodes": ["nodes"],
  "group:automation": ["cron"],
  "group:mcp": ["mcp_*"],
};

const RANK: Readonly<Record<ToolAudience, number>> = { anyone: 0, trusted: 1, owner: 2 };
const FOR_WHOM: Readonly<Record<ToolAudience, string>> = {
  anyone: "anyone may use it",
  trusted: "it is for people who were let in",
  owner: "it is for the owner alone",
};

/** The settings that policies read. */
type Rules = Pick<ToolRules, "allow" | "deny" | "byChannel" | "bySender" | "normalSender">;

/** The parts of a run that policies read. */
export type PolicySubject = Pick<ToolRun, "audience" | "deliver" | "starter" | "limits">;

/**
 * The rights that a run works with. Operators of the wire hold a credential of the owner's. On channels the owner is a
 * person with admin scope, and people who were let in hold write scope.
 */
export function audienceOf({ principal, scopes }: Pick<ToolRun["starter"], "principal" | "scopes">): ToolAudience {
  const held = new Set(scopes);
  if (hasScope(held, principal.startsWith("channel:") ? "operator.admin" : "operator.write")) return "owner";
  return hasScope(held, "operator.write") ? "trusted" : "anyone";
}

/** Like `audienceOf`, for a run as it is stored. */
export function audienceIn({
  principal,
  request: { starter },
}: Pick<RunRecord, "principal" | "request">): ToolAudience {
  return audienceOf({ principal, scopes: starter.scopes });
}

/** The rank of a run; a higher rank means more rights. */
export function rankIn(record: Pick<RunRecord, "principal" | "request">): number {
  return RANK[audienceIn(record)];
}

/** The tools of `all` that a run may use. `agent` is the policy of its agent. */
export function allowedTools(
  all: readonly Tool[],
  run: PolicySubject,
  settings: ToolRules,
  agent: ToolPolicy | undefined,
): Tool[] {
  return all.filter((tool) => refusalOf(tool, run, settings, agent) === undefined);
}

/** The reason, naming the setting, why a run may not use a tool; undefined when it may. */
export function refusalOf(
  { name, audience }: Pick<Tool, "name" | "audience">,
  run: PolicySubject,
  settings: ToolRules,
  agent: ToolPolicy | undefined,
): string | undefined {
  if (RANK[run.audience] < RANK[audience]) return FOR_WHOM[audience];
  for (const { because, allow, deny } of policiesOf(run, settings, agent)) {
    if (matches(name, deny ?? [])) return because.replace("…", "deny");
    if (allow !== undefined && !matches(name, allow)) return because.replace("…", "do not allow");
  }
  return undefined;
}

/**
 * The rules that apply to a run because of its agent, its channels and its starter; they also apply to a run that works
 * for it. Rules for everybody apply there anyway.
 */
export function limitsOf(run: PolicySubject, settings: ToolRules, agent: ToolPolicy | undefined): ToolLimits[] {
  const { allow: _allow, deny: _deny, ...forSome } = settings;
  const all = policiesOf(run, forSome, agent);
  const known = new Set<string>();
  return all.flatMap(({ because, allow, deny }) => {
    const limit = { because, ...(allow && { allow }), ...(deny && { deny }) };
    const key = JSON.stringify(limit);
    if ((!allow && !deny) || known.has(key)) return [];
    known.add(key);
    return [limit];
  });
}

/** The policies that apply to a run: the general one, and those of its agent, its channels, its sender, and its own. */
function policiesOf(run: PolicySubject, settings: Rules, agent: ToolPolicy | undefined): ToolLimits[] {
  const senders = sendersOf(run.starter);
  const channels = new Set([run.deliver?.channel, senders[0]?.split(":", 1)[0]]);
  return [
    { because: "the rules of tools … it", allow: settings.allow, deny: settings.deny },
    { because: "the rules of its agent … it", ...agent },
    ...[...channels].flatMap((channel) => {
      const policy = channel === undefined ? undefined : ownValue(settings.byChannel, channel);
      return policy ? [{ because: `the rules of tools.byChannel.${channel} … it`, ...policy }] : [];
    }),
    ...rulesForSender(settings, senders).map(([key, policy]) => ({
      because: `the rules of tools.bySender["${key}"] … it`,
      ...policy,
    })),
    ...(run.limits ?? []),
  ];
}

/** The ids of the person who started a run over a channel, as "channel:id". Empty for other runs. */
export function sendersOf({ principal, ids = [] }: Pick<ToolRun["starter"], "principal" | "ids">): readonly string[] {
  return principal.startsWith("channel:") ? [principal.slice("channel:".length), ...ids] : [];
}

/** The entries of `tools.bySender` about a person; all of them apply, whichever id each names. */
export function rulesForSender(
  { bySender = {}, normalSender = (key) => key.trim() }: Pick<ToolRules, "bySender" | "normalSender">,
  senders: readonly string[],
): [key: string, policy: ToolPolicy][] {
  if (senders.length === 0) return [];
  const ids = new Set(senders.map(normalSender));
  return Object.entries(bySender).filter(([key]) => ids.has(normalSender(key)));
}

/** Reads an own property only: people choose ids, and one may be the name of a property that every object has. */
function ownValue<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns
    .flatMap((pattern) => ownValue(TOOL_GROUPS, pattern) ?? [pattern])
    .some((pattern) => matchesName(pattern, name));
}
