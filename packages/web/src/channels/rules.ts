// Who may write, and in which groups: the rules of the config in words. Pure functions.

import { type AccountSnapshot, isRecord } from "@moltbot/protocol";
import { t } from "../words/t.ts";

/** The rule of a group, or of all groups of a channel. */
export interface GroupRule {
  readonly channel: string;
  /** The account that has rules of its own; undefined for those of the channel. */
  readonly accountId: string | undefined;
  /** The group's id, "*" for every group; undefined for what holds where no group is named. */
  readonly group: string | undefined;
  readonly text: string;
  /** The dotted path of the setting. */
  readonly path: string;
}

/** Who may write to an account directly. */
export function directText({ dmPolicy, allowFrom = [] }: Pick<AccountSnapshot, "dmPolicy" | "allowFrom">): string {
  const listed = allowFrom.length === 0 ? "" : t(", and {0} on the list", allowFrom.length);
  switch (dmPolicy) {
    case "open":
      return allowFrom.includes("*")
        ? t("Everyone may write.")
        : t("Everyone on the list may write ({0}).", allowFrom.length);
    case "allowlist":
      return allowFrom.length === 0
        ? t("Nobody may write: the list is empty.")
        : t("Only those on the list may write ({0}).", allowFrom.length);
    case "disabled":
      return t("Nobody may write directly.");
    default:
      return t("Strangers get a code that you approve; those you let in may write{0}.", listed);
  }
}

/** The rules about groups of all channels that are in use, those of single groups after those of all. */
export function groupRules(config: unknown, inUse: readonly string[]): GroupRule[] {
  const channels = isRecord(config) && isRecord(config.channels) ? config.channels : {};
  return inUse.flatMap((channel) => {
    const section = channels[channel];
    if (!isRecord(section)) return [];
    const accounts = isRecord(section.accounts) ? Object.entries(section.accounts) : [];
    return [
      ...rulesOf(section, { channel, accountId: undefined, path: `channels.${channel}` }),
      ...accounts.flatMap(([accountId, account]) =>
        isRecord(account) && (account.groups !== undefined || account.groupPolicy !== undefined)
          ? rulesOf(account, { channel, accountId, path: `channels.${channel}.accounts.${accountId}` })
          : [],
      ),
    ];
  });
}

function rulesOf(
  section: Readonly<Record<string, unknown>>,
  place: { readonly channel: string; readonly accountId: string | undefined; readonly path: string },
): GroupRule[] {
  const { groupPolicy, groups, groupAllowFrom } = section;
  const { path } = place;
  const listed = isRecord(groups) ? Object.entries(groups) : [];
  const speakers = Array.isArray(groupAllowFrom)
    ? t(" Only {0} people may speak to the agent there.", groupAllowFrom.length)
    : "";
  return [
    {
      ...place,
      group: undefined,
      path: `${path}.groupPolicy`,
      text: policyText(groupPolicy, listed.length) + speakers,
    },
    ...listed.map(([group, rule]) => ({
      ...place,
      group,
      path: `${path}.groups.${group}`,
      text: groupText(isRecord(rule) ? rule : {}),
    })),
  ];
}

function policyText(policy: unknown, listed: number): string {
  if (policy === "open") return t("It answers in every group.");
  if (policy === "disabled") return t("It answers in no group.");
  return listed === 0 ? t("It answers in no group: none is listed.") : t("It answers in the groups that are listed.");
}

function groupText({
  enabled,
  requireMention,
  allowFrom,
  agentId,
  systemPrompt,
}: Readonly<Record<string, unknown>>): string {
  if (enabled === false) return t("It is ignored.");
  return [
    requireMention === false ? t("Every message is answered.") : t("It answers when it is addressed."),
    Array.isArray(allowFrom) ? t("Only {0} people may speak to it.", allowFrom.length) : "",
    agentId === undefined ? "" : t("{0} answers.", String(agentId)),
    systemPrompt === undefined ? "" : t("It has instructions of its own there."),
  ]
    .filter((part) => part !== "")
    .join(" ");
}
