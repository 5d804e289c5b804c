/** The settings of one session and their allowed values (protocol: sessions.patch). */
import { invalidRequest } from "../../../base/errors.ts";
import { isSubagentKey } from "./key.ts";

/** The settings of one session; an absent one follows the config. */
export interface SessionLevels {
  thinkingLevel?: string;
  verboseLevel?: string;
  reasoningLevel?: string;
  elevatedLevel?: string;
  responseUsage?: string;
  sendPolicy?: string;
  groupActivation?: string;
  /** The queue mode: what happens to messages that arrive during a reply. */
  queueMode?: string;
  execHost?: string;
  execSecurity?: string;
  execAsk?: string;
  execNode?: string;
  spawnedBy?: string;
  /** `provider/model`. */
  model?: string;
}

/** A change: null clears, absent leaves alone. */
export type SessionPatch = { readonly [Name in keyof SessionLevels]?: string | null } & {
  readonly label?: string | null;
  readonly pinned?: boolean | null;
  readonly archived?: boolean | null;
};

interface Rule {
  readonly values: readonly string[];
  /** A value that means the setting is not set. */
  readonly off?: string;
}

const RULES: Readonly<Partial<Record<keyof SessionLevels, Rule>>> = {
  thinkingLevel: { values: ["off", "minimal", "low", "medium", "high", "xhigh"], off: "off" },
  verboseLevel: { values: ["on", "full", "off"] },
  reasoningLevel: { values: ["on", "off", "stream"], off: "off" },
  responseUsage: { values: ["off", "tokens", "full", "on"], off: "off" },
  elevatedLevel: { values: ["on", "off", "ask", "full"] },
  groupActivation: { values: ["mention", "always"] },
  queueMode: { values: ["collect", "followup", "steer", "steer-backlog", "interrupt", "queue"] },
  execHost: { values: ["sandbox", "gateway", "node"] },
  execSecurity: { values: ["deny", "allowlist", "full"] },
  execAsk: { values: ["off", "on-miss", "always"] },
};

const LEVELS = [
  ...[
    "thinkingLevel",
    "verboseLevel",
    "reasoningLevel",
    "elevatedLevel",
    "responseUsage",
    "sendPolicy",
    "groupActivation",
    "queueMode",
  ],
  ...["execHost", "execSecurity", "execAsk", "execNode", "spawnedBy", "model"],
] as readonly (keyof SessionLevels)[];

/** The levels after a change. Throws `INVALID_REQUEST` "invalid NAME (use …)". */
export function applyLevels(before: SessionLevels, patch: SessionPatch): SessionLevels {
  const after: SessionLevels = { ...before };
  for (const name of LEVELS) {
    const given = patch[name];
    if (given === undefined) continue;
    const value = given === null ? undefined : checked(name, given);
    if (value === undefined) delete after[name];
    else after[name] = value;
  }
  return after;
}

function checked(name: keyof SessionLevels, given: string): string | undefined {
  const rule = RULES[name];
  const value = given.trim();
  if (!rule) return value === "" ? undefined : value;
  const level = value.toLowerCase();
  if (!rule.values.includes(level)) {
    throw invalidRequest(`invalid ${name} (use ${rule.values.map((each) => `"${each}"`).join("|")})`);
  }
  return level === rule.off ? undefined : level;
}

/** Throws `INVALID_REQUEST` when a patch would change who has started a sub-agent. */
export function checkSpawnedBy(
  { key, levels }: { readonly key: string; readonly levels: SessionLevels },
  spawnedBy: string | null | undefined,
): void {
  if (spawnedBy === undefined) return;
  if (spawnedBy === null && levels.spawnedBy === undefined) return;
  if (spawnedBy === null) throw invalidRequest("spawnedBy cannot be cleared once set");
  if (!isSubagentKey(key)) throw invalidRequest("spawnedBy is only supported for subagent:* sessions");
  if (levels.spawnedBy !== undefined && levels.spawnedBy !== spawnedBy) {
    throw invalidRequest("spawnedBy cannot be changed once set");
  }
}
