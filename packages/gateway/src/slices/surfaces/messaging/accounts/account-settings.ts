/** The settings of one account as they are in force: the account's own, else its channel's, else the default. */
import { isRecord } from "../../../../base/config/config.ts";
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import { checkKeysAndAddresses, isSecret } from "../../../../kit/schema/keys-and-addresses.ts";
import { preparePatterns } from "../in/mention-patterns.ts";
import { PeerList } from "../peer-list.ts";
import type { AccountConfig, ChannelConfig, ChannelsConfig } from "../settings.ts";

/** Settings with all defaults filled in. */
export interface AccountSettings {
  readonly enabled: boolean;
  readonly name: string | undefined;
  readonly dmPolicy: "pairing" | "allowlist" | "open" | "disabled";
  readonly allowFrom: PeerList;
  readonly owners: PeerList;
  readonly groupPolicy: "open" | "allowlist" | "disabled";
  /** Undefined when the config does not say. */
  readonly groupAllowFrom: PeerList | undefined;
  readonly groups: Readonly<Record<string, GroupSettings>>;
  readonly mentionPatterns: readonly string[];
  readonly historyLimit: number;
  readonly streaming: boolean;
  readonly ackReaction: string | undefined;
  readonly replyToMode: "off" | "first" | "all" | undefined;
  readonly readReceipts: boolean;
  readonly allowBots: boolean;
  readonly mediaMaxBytes: number;
  readonly textChunkLimit: number | undefined;
  /** The settings that the channel defines, with the environment's values where the config has none. */
  readonly own: Readonly<Record<string, unknown>>;
  /** The settings that cannot be used and why, as a sentence; undefined when all can. */
  readonly unsound: string | undefined;
}

export interface GroupSettings {
  readonly enabled: boolean | undefined;
  readonly requireMention: boolean | undefined;
  readonly allowFrom: PeerList | undefined;
  readonly agentId: string | undefined;
  readonly systemPrompt: string | undefined;
}

/** The account that a channel has when the config names none (protocol: session keys). */
export const DEFAULT_ACCOUNT = "default";

/** Lower case, `a-z0-9_-`, at most 64 characters; "default" when nothing is left. */
export function normalAccountId(id: string | undefined): string {
  const normal = (id ?? "")
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .slice(0, 64);
  return normal === "" ? DEFAULT_ACCOUNT : normal;
}

/** The ids of a channel's accounts; none when the config does not speak of the channel. */
export function accountIds(config: ChannelsConfig, channel: string): string[] {
  const section = channelConfig(config, channel);
  if (!section) return [];
  const named = Object.keys(section.accounts ?? {}).map(normalAccountId);
  return named.length === 0 ? [DEFAULT_ACCOUNT] : [...new Set(named)];
}

/** The settings of an account in force; undefined when the config has no such account. */
export function accountSettings(
  config: ChannelsConfig,
  definition: ChannelDefinition,
  accountId: string,
  env: Readonly<Record<string, string | undefined>>,
): AccountSettings | undefined {
  const section = channelConfig(config, definition.id);
  if (!section || !accountIds(config, definition.id).includes(accountId)) return undefined;
  const { accounts, ...shared } = section;
  const own = Object.entries(accounts ?? {}).find(([id]) => normalAccountId(id) === accountId)?.[1] ?? {};
  const merged: AccountConfig = { ...shared, ...own };
  if (merged.mentionPatterns) void preparePatterns(merged.mentionPatterns);
  const people = (list: readonly (string | number)[] | undefined) => list && new PeerList(list.map(String), definition);
  return {
    enabled: section.enabled !== false && merged.enabled !== false,
    name: merged.name,
    dmPolicy: merged.dmPolicy ?? "pairing",
    allowFrom: people(merged.allowFrom) ?? new PeerList([], definition),
    owners: people(merged.owners) ?? new PeerList([], definition),
    groupPolicy: merged.groupPolicy ?? config.defaults?.groupPolicy ?? "allowlist",
    groupAllowFrom: people(merged.groupAllowFrom),
    groups: groupsOf(merged.groups, people),
    mentionPatterns: merged.mentionPatterns ?? [],
    historyLimit: merged.historyLimit ?? 30,
    streaming: merged.streaming ?? true,
    ackReaction: merged.ackReaction?.trim() || undefined,
    replyToMode: merged.replyToMode,
    readReceipts: merged.readReceipts ?? true,
    allowBots: merged.allowBots ?? false,
    mediaMaxBytes: Math.round((merged.mediaMaxMb ?? 20) * 1024 * 1024),
    textChunkLimit: merged.textChunkLimit,
    ...soundSettings(ownSettings(merged, definition, accountId, env), merged, definition, (name) =>
      settingPath(config, definition.id, accountId, name),
    ),
  };
}

/**
 * The change of the config (a JSON merge patch) that gives an account these settings. When a channel with one account
 * gets a second, the first moves into `accounts`, with its own secrets and the settings that the second one sets too.
 */
export function accountPatch(
  config: ChannelsConfig,
  { id: channel, settings: { properties } }: Pick<ChannelDefinition, "id" | "settings">,
  accountId: string,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const section = channelConfig(config, channel);
  const named = Object.keys(section?.accounts ?? {});
  const wanted = { enabled: true, ...settings };
  if (named.length === 0 && (accountId === DEFAULT_ACCOUNT || !section))
    return { channels: { [channel]: accountId === DEFAULT_ACCOUNT ? wanted : { accounts: { [accountId]: wanted } } } };
  const spelled = named.find((id) => normalAccountId(id) === accountId) ?? accountId;
  if (named.length > 0) return { channels: { [channel]: { accounts: { [spelled]: wanted } } } };
  const moved = Object.keys(properties).filter(
    (name) => section?.[name] !== undefined && (isSecret(properties[name]) || Object.hasOwn(settings, name)),
  );
  const taken = Object.fromEntries(moved.map((name) => [name, section?.[name]]));
  const left = Object.fromEntries(moved.map((name) => [name, null]));
  return { channels: { [channel]: { ...left, accounts: { [DEFAULT_ACCOUNT]: taken, [accountId]: wanted } } } };
}

/**
 * The path of an account's setting in the config: the account's own place when it is set there, otherwise the
 * channel's.
 */
export function settingPath(config: ChannelsConfig, channel: string, accountId: string, setting: string): string {
  const { accounts } = channelConfig(config, channel) ?? {};
  const named = Object.entries(accounts ?? {}).find(([id]) => normalAccountId(id) === accountId);
  const [first = setting] = setting.split(".");
  const isOwn = named !== undefined && Object.hasOwn(named[1], first);
  return isOwn ? `channels.${channel}.accounts.${named[0]}.${setting}` : `channels.${channel}.${setting}`;
}

/** The settings that the channel itself reads; environment variables stand in for the default account only. */
function ownSettings(
  merged: AccountConfig,
  definition: ChannelDefinition,
  accountId: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const variables = accountId === DEFAULT_ACCOUNT ? Object.entries(definition.env) : [];
  const given = Object.fromEntries(variables.map(([variable, name]) => [name, env[variable]]));
  const own: Record<string, unknown> = {};
  for (const name of Object.keys(definition.settings.properties)) {
    const value = merged[name] ?? given[name];
    if (value !== undefined && value !== "") own[name] = value;
  }
  return own;
}

/** The channel's settings with trimmed keys and addresses, and what is wrong with one, as a sentence. */
function soundSettings(
  own: Readonly<Record<string, unknown>>,
  merged: AccountConfig,
  { env, settings }: ChannelDefinition,
  pathOf: (name: string) => string,
): Pick<AccountSettings, "own" | "unsound"> {
  const { value, problems } = checkKeysAndAddresses(settings, own, "");
  const [first] = problems;
  if (!first) return { own: value as Record<string, unknown>, unsound: undefined };
  const name = first.path.slice(1);
  const variable = merged[name] === undefined ? Object.keys(env).find((each) => env[each] === name) : undefined;
  return { own: value as Record<string, unknown>, unsound: `${variable ?? pathOf(name)} ${first.message}.` };
}

function groupsOf(
  groups: AccountConfig["groups"] = {},
  people: (list: readonly (string | number)[] | undefined) => PeerList | undefined,
): Record<string, GroupSettings> {
  return Object.fromEntries(
    Object.entries(groups).map(([id, group]) => [
      id.toLowerCase(),
      {
        enabled: group.enabled,
        requireMention: group.requireMention,
        allowFrom: people(group.allowFrom),
        agentId: group.agentId,
        systemPrompt: group.systemPrompt,
      },
    ]),
  );
}

function channelConfig(config: ChannelsConfig, channel: string): ChannelConfig | undefined {
  const section = Object.hasOwn(config, channel) ? config[channel] : undefined;
  return isRecord(section) ? (section as ChannelConfig) : undefined;
}
