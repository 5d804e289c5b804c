/**
 * Settings of the other gateways, in our words. Most names are the same by design; here stand those that differ. What we do
 * not know is left for the reader of settings to name.
 */
import { type Fields, fieldsOf, textIn, textsIn } from "../read/fields.ts";
import { bareId } from "../read/ids.ts";

/** Sections that hold what belongs to the other program itself. */
const NOT_OURS: ReadonlySet<string> = new Set([
  ...["meta", "wizard", "env", "plugins", "web", "ui", "talk", "update", "$schema", "lastTouchedVersion", "canvasHost"],
  ...["logging", "diagnostics", "browser", "discovery", "auth"],
]);

const PEER_KINDS: Readonly<Record<string, string>> = { direct: "dm" };

export interface Translated {
  readonly config: Record<string, unknown>;
  /** Sections that are left out as a whole. */
  readonly left: readonly string[];
}

export function translated(config: Fields): Translated {
  const left = Object.keys(config).filter((name) => NOT_OURS.has(name));
  const rest = Object.fromEntries(Object.entries(config).filter(([name]) => !NOT_OURS.has(name)));
  return {
    left,
    config: {
      ...rest,
      ...(config.agents !== undefined && { agents: agentsOf(fieldsOf(config.agents)) }),
      ...(config.channels !== undefined && { channels: channelsOf(fieldsOf(config.channels)) }),
      ...(config.bindings !== undefined && { bindings: bindingsOf(config.bindings) }),
      ...(config.session !== undefined && { session: sessionOf(fieldsOf(config.session)) }),
    },
  };
}

/** Later gateways name agents by their ids; here they are a list. */
function agentsOf({ entries, ownership: _ownership, ...agents }: Fields): Fields {
  if (entries === undefined) return agents;
  const list = Object.entries(fieldsOf(entries)).map(([id, agent]) => ({ id, ...fieldsOf(agent) }));
  return { ...agents, list };
}

function channelsOf(channels: Fields): Fields {
  return Object.fromEntries(Object.entries(channels).map(([id, value]) => [id, channelOf(id, fieldsOf(value))]));
}

function channelOf(id: string, { accounts, ...own }: Fields): Fields {
  const named = Object.entries(fieldsOf(accounts)).map(([account, value]) => [account, accountOf(id, fieldsOf(value))]);
  return { ...accountOf(id, own), ...(accounts !== undefined && { accounts: Object.fromEntries(named) }) };
}

/** An account. Discord and Slack kept direct messages and rooms in objects of their own. */
function accountOf(channel: string, { dm, guilds, channels, ...account }: Fields): Fields {
  const direct = fieldsOf(dm);
  const rooms = { ...roomsOf(fieldsOf(channels)), ...guildRooms(fieldsOf(guilds)) };
  const groups = { ...rooms, ...fieldsOf(account.groups) };
  const lists = ["allowFrom", "groupAllowFrom"].flatMap((name) => {
    const list = account[name] ?? (name === "allowFrom" ? direct.allowFrom : undefined);
    return list === undefined ? [] : [[name, textsIn(list).map((each) => bareId(each, channel))]];
  });
  const policy = textIn(account.dmPolicy) ?? textIn(direct.policy);
  return {
    ...account,
    ...Object.fromEntries(lists),
    ...(policy !== undefined && { dmPolicy: policy }),
    ...(Object.keys(groups).length > 0 && { groups }),
  };
}

function guildRooms(guilds: Fields): Fields {
  const rooms = Object.values(guilds).map((guild) => roomsOf(fieldsOf(fieldsOf(guild).channels), fieldsOf(guild)));
  return Object.assign({}, ...rooms);
}

/** Rooms by id. A room that is named by its title stays unknown: titles give no rights here. */
function roomsOf(rooms: Fields, guild: Fields = {}): Fields {
  const named = Object.entries(rooms).map(([id, value]) => {
    const { allow, users, enabled, requireMention = guild.requireMention, systemPrompt } = fieldsOf(value);
    const people = textsIn(users ?? guild.users ?? []);
    return [
      id,
      {
        ...((allow === false || enabled === false) && { enabled: false }),
        ...(typeof requireMention === "boolean" && { requireMention }),
        ...(typeof systemPrompt === "string" && { systemPrompt }),
        ...(people.length > 0 && { allowFrom: people }),
      },
    ];
  });
  return Object.fromEntries(named);
}

function bindingsOf(bindings: unknown): unknown {
  if (!Array.isArray(bindings)) return bindings;
  return bindings.map((value) => {
    const { match, ...binding } = fieldsOf(value);
    const { peer, ...rest } = fieldsOf(match);
    if (peer === undefined) return value;
    const { kind, ...who } = fieldsOf(peer);
    return { ...binding, match: { ...rest, peer: { ...who, kind: PEER_KINDS[String(kind)] ?? kind } } };
  });
}

function sessionOf({ resetByType, mainKey: _main, ...session }: Fields): Fields {
  if (resetByType === undefined) return session;
  const { direct, ...types } = fieldsOf(resetByType);
  return { ...session, resetByType: { ...types, ...(direct !== undefined && { dm: direct }) } };
}
