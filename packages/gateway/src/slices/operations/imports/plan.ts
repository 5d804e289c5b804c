/** What an import would add. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ConfigSection } from "../../../base/config/config.ts";
import { messageOf } from "../../../base/errors.ts";
import { normalAgentId } from "../../core/agents/agents.ts";
import type { FoundDevice, FoundState, FoundTranscript, Note } from "./found.ts";
import type { ImportServices } from "./import-services.ts";
import { fieldsOf } from "./read/fields.ts";
import { readFolder } from "./read/read.ts";
import { type FittedConfig, fitted } from "./settings/fit.ts";
import { translated } from "./settings/translate.ts";

/** The kinds of things that are taken over, by the words of `--only`. */
export const KINDS = [
  "config",
  "workspace",
  "sessions",
  "jobs",
  "devices",
  "senders",
  "logins",
  "keys",
  "voicewake",
] as const;
export type Kind = (typeof KINDS)[number];

export interface ImportChoice {
  /** What is taken; everything by default. */
  readonly only?: readonly Kind[] | undefined;
  /** Copy workspaces instead of using them where they are. */
  readonly copy: boolean;
  /** Switch the channels on: the other gateway is off for good. */
  readonly enableChannels: boolean;
  /** The sections of our settings. */
  readonly sections: readonly ConfigSection<unknown>[];
  /** Whether our settings were written just now, by us: then the other gateway's secret takes the place of the new one. */
  readonly isFirst: boolean;
}

/** How much of a kind was found, and how much of it is new here. */
export interface Count {
  readonly kind: Kind;
  readonly found: number;
  readonly fresh: number;
}

export interface Plan {
  readonly found: FoundState;
  readonly choice: ImportChoice;
  readonly counts: readonly Count[];
  readonly conversations: number;
  readonly config: FittedConfig;
  /** Workspaces: where each is, and where it goes when it is copied. */
  readonly workspaces: readonly { readonly agentId: string; readonly from: string; readonly to: string }[];
  /** The jobs that can be read; the function saves one, and says false when it is known. */
  readonly jobs: readonly { readonly id: string; readonly save: () => boolean }[];
  /** The devices that may still connect there. */
  readonly devices: readonly FoundDevice[];
  /** Channels that are configured there; they stay off here until somebody switches them on. */
  readonly channels: readonly string[];
  readonly warnings: readonly Note[];
  readonly left: readonly Note[];
}

export interface AppliedImport {
  readonly added: Readonly<Record<Kind, number>>;
  readonly warnings: readonly Note[];
}

export interface UndoneImport {
  readonly folder: string;
  readonly removed: Readonly<Record<string, number>>;
  /** What could not be taken back, in sentences. */
  readonly kept: readonly string[];
}

export async function planOf(services: ImportServices, folder: string, choice: ImportChoice): Promise<Plan> {
  const found = await readFolder(folder, services.env);
  const takes = (kind: Kind) => choice.only === undefined || choice.only.includes(kind);
  const workspaces = takes("workspace") ? workspacesOf(found, services.stateDir) : [];
  const { config, left, channels } = settingsOf(found, services, { choice, takes, workspaces });
  const conversations = conversationsOf(found);
  const transcripts = takes("sessions") ? [...conversations.values()].flat() : [];
  const messages = transcripts.map((transcript) => ({ transcript, messages: transcript.messages() }));
  const freshMessages = messages.reduce(
    (sum, { transcript, messages }) =>
      sum + messages.filter(({ id }) => !services.sessions.adoption.knows(transcript.id, id)).length,
    0,
  );
  const known = services.devices.paired();
  const problems: Note[] = [];
  const jobs = takes("jobs") ? await jobsOf(services, found, problems) : [];
  const devices = takes("devices") ? found.devices.filter(({ tokens }) => tokens.length > 0) : [];
  const revoked = takes("devices") ? found.devices.length - devices.length : 0;
  const words = takes("voicewake") ? (found.voiceWake ?? []) : [];
  const ourWords = services.nodes.voiceWake.triggers();
  const counts: Count[] = [
    {
      kind: "config",
      found: takes("config") ? config.taken.length + config.left.length : 0,
      fresh: config.taken.length,
    },
    { kind: "workspace", found: workspaces.length, fresh: workspaces.length },
    { kind: "sessions", found: messages.reduce((sum, each) => sum + each.messages.length, 0), fresh: freshMessages },
    count("jobs", jobs, ({ id }) => !services.cron.has(id)),
    count("devices", devices, ({ deviceId }) => !known.some((each) => each.deviceId === deviceId)),
    count(
      "senders",
      takes("senders") ? found.senders : [],
      ({ channel, sender }) => !services.messaging.pairing.knows(channel, sender),
    ),
    count(
      "logins",
      takes("logins") ? found.logins : [],
      ({ channel, account }) => services.messaging.stateOf(channel, account).entries("").length === 0,
    ),
    count("keys", takes("keys") ? found.keys : [], ({ provider }) =>
      config.taken.some((path) => path.startsWith(`models.providers.${provider}.`)),
    ),
    count("voicewake", words, (word) => !ourWords.includes(word)),
  ];
  return {
    ...{ found, choice, counts, config, workspaces, channels, jobs, devices },
    conversations: takes("sessions") ? conversations.size : 0,
    get warnings() {
      return [...found.warnings, ...problems];
    },
    left: [
      ...[...found.left, ...config.left, ...left],
      ...(revoked > 0 ? [{ at: "devices", text: `${revoked} of which no token counts any more` }] : []),
    ],
  };
}

function count<T>(kind: Kind, all: readonly T[], isFresh: (each: T) => boolean): Count {
  return { kind, found: all.length, fresh: all.filter(isFresh).length };
}

/** The transcripts of each conversation, the oldest first. One without an owner is a conversation of its own. */
export function conversationsOf({ transcripts }: FoundState): Map<string, FoundTranscript[]> {
  const byKey = new Map<string, FoundTranscript[]>();
  for (const transcript of transcripts) {
    const key = transcript.key ?? `agent:${transcript.agentId.toLowerCase()}:earlier:${transcript.id.toLowerCase()}`;
    byKey.set(key, [...(byKey.get(key) ?? []), transcript]);
  }
  for (const [key, list] of byKey) byKey.set(key, inOrder(list));
  return byKey;
}

/** By time; of two that conversations go on in (one chat may be under two names) the newer one is the current one. */
function inOrder(list: readonly FoundTranscript[]): FoundTranscript[] {
  const sorted = list.toSorted((a, b) => Number(a.isCurrent) - Number(b.isCurrent) || a.updatedAt - b.updatedAt);
  return sorted.map((each, index) =>
    each.isCurrent && index < sorted.length - 1 ? { ...each, isCurrent: false, messages: () => each.messages() } : each,
  );
}

function workspacesOf({ agents }: FoundState, stateDir: string): Plan["workspaces"] {
  const places = agents.flatMap(({ id, workspace }) => {
    const isThere = workspace !== undefined && existsSync(workspace) && statSync(workspace).isDirectory();
    // The id is a text of the other program: it may hold dots and slashes.
    const name = normalAgentId(id);
    return isThere
      ? [{ agentId: id, from: workspace, to: join(stateDir, name === "main" ? "workspace" : `workspace-${name}`) }]
      : [];
  });
  return places;
}

interface Taking {
  readonly choice: ImportChoice;
  readonly takes: (kind: Kind) => boolean;
  readonly workspaces: Plan["workspaces"];
}

/** The settings, with workspaces and keys in them, and with channels switched off unless the other gateway is. */
function settingsOf(
  found: FoundState,
  { config }: ImportServices,
  { choice, takes, workspaces }: Taking,
): { config: FittedConfig; channels: string[]; left: Note[] } {
  const { config: theirs, left } = translated(takes("config") ? found.config : {});
  const channels = Object.keys((theirs.channels ?? {}) as object).filter((id) => id !== "defaults");
  const all = {
    ...theirs,
    ...(channels.length > 0 && { channels: switched(theirs.channels, choice.enableChannels) }),
    ...agentsWith(theirs.agents, workspaces, choice.copy),
    ...(takes("keys") && found.keys.length > 0 && { models: withKeys(theirs.models, found) }),
  };
  return {
    config: fitted(all, { ours: oursOf(config, choice), sections: choice.sections }),
    channels,
    left: left.map((at) => ({ at, text: "belongs to the other program" })),
  };
}

/** Our settings; without the secret that was made a moment ago and nobody knows. */
function oursOf(config: ImportServices["config"], { isFirst }: ImportChoice): Record<string, unknown> {
  const ours = fieldsOf(config.snapshot().parsed);
  const { auth: _auth, ...gateway } = fieldsOf(ours.gateway);
  return isFirst ? { ...ours, gateway } : { ...ours };
}

function switched(channels: unknown, isOn: boolean): unknown {
  if (isOn) return channels;
  return Object.fromEntries(
    Object.entries(fieldsOf(channels)).map(([id, value]) => {
      const { accounts, ...own } = fieldsOf(value);
      const off = Object.entries(fieldsOf(accounts)).map(([name, account]) => [
        name,
        { ...fieldsOf(account), enabled: false },
      ]);
      return [id, { ...own, enabled: false, ...(accounts !== undefined && { accounts: Object.fromEntries(off) }) }];
    }),
  );
}

function agentsWith(agents: unknown, workspaces: Plan["workspaces"], copy: boolean): { agents?: unknown } {
  if (workspaces.length === 0) return agents === undefined ? {} : { agents };
  const { defaults, list, ...rest } = (agents ?? {}) as { defaults?: object; list?: readonly { id?: unknown }[] };
  const placeOf = (id: unknown) => workspaces.find(({ agentId }) => agentId === id);
  const first = workspaces[0]!;
  const withPlaces = list?.map((agent) => {
    const place = placeOf(agent.id);
    return place === undefined ? agent : { ...agent, workspace: copy ? place.to : place.from };
  });
  const shared = { ...defaults, workspace: copy ? first.to : first.from };
  return { agents: { ...rest, defaults: shared, ...(withPlaces !== undefined && { list: withPlaces }) } };
}

function withKeys(models: unknown, { keys }: FoundState): unknown {
  const { providers, ...rest } = (models ?? {}) as { providers?: Record<string, object> };
  const byProvider = Map.groupBy(keys, ({ provider }) => provider);
  const keyed = [...byProvider].map(([id, own]) => {
    const [first, ...others] = own.map(({ key }) => key);
    const held = providers?.[id] ?? {};
    return [id, { apiKey: first, ...(others.length > 0 && { apiKeys: others }), ...held }] as const;
  });
  return { ...rest, providers: { ...providers, ...Object.fromEntries(keyed) } };
}

/** The jobs that can be read; the others are noted. */
async function jobsOf({ cron }: ImportServices, { jobs }: FoundState, problems: Note[]): Promise<Plan["jobs"]> {
  const made: { id: string; save: () => boolean }[] = [];
  for (const { id, name, job, nextRunAtMs } of jobs) {
    try {
      made.push({ id, save: await cron.adoptable(id, job, nextRunAtMs) });
    } catch (error) {
      problems.push({ at: `job ${name}`, text: messageOf(error) });
    }
  }
  return made;
}
