/**
 * Finds names in settings that need ids. A name gives no rights: its holder can change it, and somebody else can take
 * it. The owner is told of each, with the right id where it is known.
 */
import { isRecord } from "../../../../base/config/config.ts";
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import { isChatId, isPeerId } from "../peer-list.ts";
import type { AccountConfig, Binding, ChannelConfig, ChannelsConfig } from "../settings.ts";

/** One name that has no effect. */
export interface NameProblem {
  /** The dotted path of the entry. */
  readonly setting: string;
  /** The problem as a sentence. */
  readonly says: string;
  /** What to put there instead, as a sentence. */
  readonly fix: string;
}

/** The settings that hold people or conversations. */
export interface NamedSettings {
  readonly channels: ChannelsConfig;
  readonly bindings: readonly Binding[];
  /** `session.identityLinks`: one person under several ids, each with its channel before it. */
  readonly identityLinks?: Readonly<Record<string, readonly string[]>> | undefined;
  /** `tools.bySender`: by id with its channel before it. */
  readonly bySender?: Readonly<Record<string, unknown>> | undefined;
}

/** Ids that were last seen with a name, newest first. */
export type KnownIds = (what: "peer" | "chat", channel: string, name: string) => readonly string[];

type Kind = "peer" | "chat";

/** Every name in a place where only ids have an effect. */
export function namesIn(
  settings: NamedSettings,
  definitions: readonly ChannelDefinition[],
  known: KnownIds = () => [],
): NameProblem[] {
  const check: Check = (entry) => {
    const { kind, channel, text } = entry;
    const definition = definitions.find(({ id }) => id === channel.trim().toLowerCase());
    if (!definition || text.trim() === "*") return [];
    const isId = kind === "peer" ? isPeerId(text, definition) : isChatId(text, definition);
    if (isId) return isProofless(entry, definition) ? [prooflessOwner(entry, definition)] : [];
    return [nameProblem(entry, definition, known(kind, definition.id, text))];
  };
  return [
    ...definitions.flatMap(({ id }) => inChannel(id, settings.channels, check)),
    ...settings.bindings.flatMap(({ match: { channel, peer } }, index) => {
      if (!peer) return [];
      const kind = peer.kind === "dm" || peer.kind === "direct" ? "peer" : "chat";
      return check({ kind, channel, text: peer.id, setting: `bindings.${index}.match.peer.id` });
    }),
    ...Object.entries(settings.identityLinks ?? {}).flatMap(([name, members]) =>
      members.flatMap((member, index) => prefixed(member, `session.identityLinks.${name}.${index}`, check)),
    ),
    ...Object.keys(settings.bySender ?? {}).flatMap((sender) => prefixed(sender, `tools.bySender.${sender}`, check)),
  ];
}

/** What a setting holds of a person or a conversation. */
interface Entry {
  readonly kind: Kind;
  readonly channel: string;
  /** The id or name, without its prefix. */
  readonly text: string;
  /** The dotted path of the entry. */
  readonly setting: string;
  /** What the setting wants before an id: the channel and a colon. */
  readonly prefix?: string;
}

type Check = (entry: Entry) => NameProblem[];

function inChannel(channel: string, channels: ChannelsConfig, check: Check): NameProblem[] {
  const section = Object.hasOwn(channels, channel) ? channels[channel] : undefined;
  if (!isRecord(section)) return [];
  const { accounts = {} } = section as ChannelConfig;
  const path = `channels.${channel}`;
  return [
    ...inAccount(channel, section as AccountConfig, path, check),
    ...Object.entries(accounts).flatMap(([id, account]) =>
      inAccount(channel, account, `${path}.accounts.${id}`, check),
    ),
  ];
}

function inAccount(channel: string, account: AccountConfig, path: string, check: Check): NameProblem[] {
  const inList = (list: readonly (string | number)[] | undefined, setting: string) =>
    (list ?? []).flatMap((entry, index) =>
      check({ kind: "peer", channel, text: String(entry), setting: `${setting}.${index}` }),
    );
  return [
    ...inList(account.owners, `${path}.owners`),
    ...inList(account.allowFrom, `${path}.allowFrom`),
    ...inList(account.groupAllowFrom, `${path}.groupAllowFrom`),
    ...Object.entries(account.groups ?? {}).flatMap(([key, group]) => [
      ...check({ kind: "chat", channel, text: key, setting: `${path}.groups.${key}` }),
      ...inList(group.allowFrom, `${path}.groups.${key}.allowFrom`),
    ]),
  ];
}

/** "telegram:@ann": the channel comes before the entry. */
function prefixed(text: string, setting: string, check: Check): NameProblem[] {
  const [channel = "", ...rest] = text.split(":");
  return check({ kind: "peer", channel, text: rest.join(":"), setting, prefix: `${channel}:` });
}

function nameProblem(
  { kind, text, setting, prefix = "" }: Entry,
  { ids, label }: ChannelDefinition,
  known: readonly string[],
): NameProblem {
  const who = kind === "peer" ? "people" : "groups";
  const says = `${setting} holds ${JSON.stringify(text)}, which is no ${label} id and has no effect: ${who} can take any name`;
  if (known.length === 0) {
    const shown = kind === "peer" ? "From" : "Chat";
    return {
      setting,
      says,
      fix: `Put the id there, ${ids.looks}; after a message, \`moltbot why last\` shows it under ${shown}`,
    };
  }
  const shown = known.map((id) => JSON.stringify(prefix + id)).join(" or ");
  return { setting, says, fix: `Put ${shown} there, which was last seen under that name, if it is who you mean` };
}

/** A transport whose senders are not proven has a prefix of its own ("sms:"). */
function isProofless({ setting, text }: Entry, { ids, normalPeer }: ChannelDefinition): boolean {
  return /\.owners\.\d+$/.test(setting) && ids.unproven?.test(normalPeer(text)) === true;
}

function prooflessOwner({ setting, text }: Entry, { ids: { looks } }: ChannelDefinition): NameProblem {
  return {
    setting,
    says: `${setting} holds ${JSON.stringify(text)}, which makes nobody the owner: it does not prove which person writes`,
    fix: `Put the owner's own id there, ${looks}`,
  };
}
