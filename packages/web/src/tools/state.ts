// How tools, skills and allowed commands are put into words. Pure functions.

import { isRecord, type SkillStatus } from "@moltbot/protocol";

/** A skill as the page shows it. */
export interface Skill {
  readonly skillKey: string;
  readonly name: string;
  readonly description: string;
  readonly emoji: string | undefined;
  readonly isOn: boolean;
  /** What keeps agents from using it, in one sentence; none when nothing does. */
  readonly problem: string | undefined;
}

/** A pattern of commands that run without asking. */
export interface AllowedCommand {
  readonly agentId: string;
  readonly pattern: string;
  /** Only with exactly these arguments; with any when there are none here. */
  readonly args: readonly string[] | undefined;
  readonly lastUsedAt: number | undefined;
  readonly lastUsedCommand: string | undefined;
}

/** Reads one skill of `skills.status`. */
export function skillOf(status: SkillStatus): Skill {
  const { skillKey, name, description, emoji, disabled } = status;
  return { skillKey, name, description, emoji, isOn: !disabled, problem: disabled ? undefined : problemOf(status) };
}

/** Reads the allowlists of the approvals file, of all agents. */
export function allowedCommands(file: unknown): AllowedCommand[] {
  const agents = isRecord(file) && isRecord(file.agents) ? file.agents : {};
  return Object.entries(agents).flatMap(([agentId, agent]) =>
    listOf(agent).flatMap((entry) => {
      if (!isRecord(entry) || typeof entry.pattern !== "string") return [];
      const { pattern, args, lastUsedAt, lastUsedCommand } = entry;
      return [
        {
          ...{ agentId, pattern, args: Array.isArray(args) ? args.map(String) : undefined },
          lastUsedAt: typeof lastUsedAt === "number" ? lastUsedAt : undefined,
          lastUsedCommand: typeof lastUsedCommand === "string" ? lastUsedCommand : undefined,
        },
      ];
    }),
  );
}

/** The approvals file without one entry; everything else in it stays. */
export function withoutCommand(file: unknown, { agentId, pattern, args }: AllowedCommand): unknown {
  if (!isRecord(file) || !isRecord(file.agents)) return file;
  const agent = file.agents[agentId];
  if (!isRecord(agent)) return file;
  const allowlist = listOf(agent).filter(
    (entry) => !isRecord(entry) || entry.pattern !== pattern || JSON.stringify(entry.args) !== JSON.stringify(args),
  );
  return { ...file, agents: { ...file.agents, [agentId]: { ...agent, allowlist } } };
}

function listOf(agent: unknown): readonly unknown[] {
  return isRecord(agent) && Array.isArray(agent.allowlist) ? agent.allowlist : [];
}

function problemOf({ eligible, blockedByAllowlist, missing }: SkillStatus): string | undefined {
  if (blockedByAllowlist) return "The config allows other skills only.";
  if (eligible) return undefined;
  const lacks = [
    ...missing.bins.map((name) => `the program \`${name}\``),
    ...(missing.anyBins.length > 0
      ? [`one of the programs ${missing.anyBins.map((name) => `\`${name}\``).join(", ")}`]
      : []),
    ...missing.env.map((name) => `the variable \`${name}\``),
    ...missing.config.map((path) => `the setting \`${path}\``),
  ];
  if (missing.os.length > 0) return `It works on ${missing.os.join(", ")} only.`;
  return lacks.length === 0 ? "It cannot be used here." : `It lacks ${lacks.join(" and ")}.`;
}
