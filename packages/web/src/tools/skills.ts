// How tools, skills and allowed commands are put into words. Pure functions.

import { isRecord, type SkillStatus } from "@moltbot/protocol";
import { listed } from "../words/list.ts";
import { t } from "../words/t.ts";

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

/** A program that runs without asking. */
export interface AllowedCommand {
  /** Of the entry, or its pattern where it has none. */
  readonly id: string;
  readonly agentId: string;
  /** A path or a pattern of paths; then the only arguments it may have, where there are any. */
  readonly command: string;
  readonly lastUsedAt: number | undefined;
  readonly lastUsedCommand: string | undefined;
  /** What it allows, in words; older gateways do not say. */
  readonly note?: string;
}

/** Reads one skill of `skills.status`. */
export function skillOf(status: SkillStatus): Skill {
  const { skillKey, name, description, emoji, disabled } = status;
  return { skillKey, name, description, emoji, isOn: !disabled, problem: disabled ? undefined : problemOf(status) };
}

/** Reads what `exec.allowlist.list` returns. */
export function allowedCommands(entries: readonly unknown[]): AllowedCommand[] {
  return entries.flatMap((listed) => {
    if (!isRecord(listed) || !isRecord(listed.entry)) return [];
    const { id, pattern, args, exact, note, lastUsedAt, lastUsedCommand } = listed.entry;
    const only = isRecord(exact) && typeof exact.command === "string" ? exact.command : undefined;
    return [
      {
        id: typeof id === "string" ? id : String(pattern),
        agentId: String(listed.agentId),
        command: only ?? [pattern, ...(Array.isArray(args) ? args : [])].join(" "),
        lastUsedAt: typeof lastUsedAt === "number" ? lastUsedAt : undefined,
        lastUsedCommand: typeof lastUsedCommand === "string" ? lastUsedCommand : undefined,
        ...(typeof note === "string" && { note }),
      },
    ];
  });
}

function problemOf({ eligible, blockedByAllowlist, missing }: SkillStatus): string | undefined {
  if (blockedByAllowlist) return t("The config allows other skills only.");
  if (eligible) return undefined;
  const lacks = [
    ...missing.bins.map((name) => t("the program `{0}`", name)),
    ...(missing.anyBins.length > 0
      ? [t("one of the programs {0}", missing.anyBins.map((name) => `\`${name}\``).join(", "))]
      : []),
    ...missing.env.map((name) => t("the variable `{0}`", name)),
    ...missing.config.map((path) => t("the setting `{0}`", path)),
  ];
  if (missing.os.length > 0) return t("It works on {0} only.", missing.os.join(", "));
  return lacks.length === 0 ? t("It cannot be used here.") : t("It lacks {0}.", listed(lacks, "and"));
}
