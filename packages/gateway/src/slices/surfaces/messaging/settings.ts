/** The `messages` section, and the `channels` section with what all channels share: one place for both and their defaults. */
import { type Static, type TProperties, Type } from "@sinclair/typebox";
import type { ChannelDefinition } from "../../../kit/channel.ts";
import { OneOf, SecretText } from "../../../kit/schema/schema.ts";
import { defineListSettings, defineSettings, type SettingsDefinition } from "../../../kit/settings.ts";

const Ids = (description: string) =>
  Type.Optional(
    Type.Array(Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Number()]), { description }),
  );

const Group = Type.Object({
  enabled: Type.Optional(Type.Boolean({ description: "false: the group is ignored." })),
  requireMention: Type.Optional(Type.Boolean({ description: "Whether only messages that address us are answered." })),
  allowFrom: Ids("Who may speak to us in this group; groupAllowFrom when absent."),
  agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "The agent that answers there." })),
  systemPrompt: Type.Optional(Type.String({ maxLength: 20_000, description: "Added to the agent's instructions." })),
});

/** What an account of any channel can be told. Defaults are in `account-settings.ts`; an account takes over its channel's. */
const SHARED = {
  enabled: Type.Optional(Type.Boolean({ description: "Default true." })),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "What people see." })),
  dmPolicy: Type.Optional(
    Type.Union(
      (["pairing", "allowlist", "open", "disabled"] as const).map((value) => Type.Literal(value)),
      { description: "Who may write to us directly. Default pairing: strangers get a code that you approve." },
    ),
  ),
  allowFrom: Ids('Who may write to us directly, beside paired senders; "*" with dmPolicy open is everyone.'),
  owners: Ids(
    "You yourself, by id: what you ask here may use the owner's tools, and you may use the owner's commands.",
  ),
  groupPolicy: Type.Optional(
    Type.Union(
      (["open", "allowlist", "disabled"] as const).map((value) => Type.Literal(value)),
      { description: "Which groups we answer in. Default allowlist: those listed in groups." },
    ),
  ),
  groupAllowFrom: Ids("Who may speak to us in groups; everyone in an allowed group when absent."),
  groups: Type.Optional(
    Type.Record(Type.String({ maxLength: 256 }), Group, { description: 'By chat id; "*" is every group.' }),
  ),
  mentionPatterns: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200, format: "pattern" }), {
      description: "Words that address us in groups, beside a mention and a reply; or regular expressions (RE2).",
    }),
  ),
  historyLimit: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 500, description: "Messages of a group shown to the agent. Default 30." }),
  ),
  streaming: Type.Optional(
    Type.Boolean({ description: "Show replies while they grow, where the platform can edit. Default true." }),
  ),
  ackReaction: Type.Optional(
    Type.String({ maxLength: 16, description: "An emoji put on messages that will be answered. Default none." }),
  ),
  replyToMode: Type.Optional(
    Type.Union(
      (["off", "first", "all"] as const).map((value) => Type.Literal(value)),
      { description: "Which parts of a reply quote the message. Default first in groups, off elsewhere." },
    ),
  ),
  readReceipts: Type.Optional(
    Type.Boolean({ description: "Show senders that their messages were read. Default true." }),
  ),
  allowBots: Type.Optional(Type.Boolean({ description: "Whether bots are answered. Default false." })),
  mediaMaxMb: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: 2048, description: "The largest file taken in. Default 20." }),
  ),
  textChunkLimit: Type.Optional(
    Type.Integer({ minimum: 100, maximum: 65_536, description: "Shorter messages than the platform's limit." }),
  ),
} satisfies TProperties;

/** Names among these that no account of a channel has. */
export function unknownSettings(
  { settings: { properties } }: Pick<ChannelDefinition, "settings">,
  names: readonly string[],
): string[] {
  return names.filter((name) => !Object.hasOwn(SHARED, name) && !Object.hasOwn(properties, name));
}

/** What all accounts share, as the config holds it. */
export type SharedSettings = Static<ReturnType<typeof sharedObject>>;

function sharedObject() {
  return Type.Object(SHARED);
}

const QueueModeName = OneOf("collect", "followup", "steer", "steer-backlog", "interrupt", "queue");
const DebounceMs = { minimum: 0, maximum: 60_000 };

const Queue = Type.Object({
  mode: Type.Union(QueueModeName.anyOf, {
    default: "collect",
    description:
      "What happens to messages that come during a reply: collect answers them together afterwards, " +
      "followup one by one, steer says them to the reply under way, steer-backlog does both, interrupt ends it.",
  }),
  debounceMs: Type.Integer({
    ...DebounceMs,
    default: 1_000,
    description: "Messages are answered together when none has come for so long.",
  }),
  cap: Type.Integer({ minimum: 1, maximum: 200, default: 20, description: "How many may wait in a conversation." }),
  drop: Type.Union(OneOf("summarize", "old", "new").anyOf, {
    default: "summarize",
    description:
      "Which is left out when more come: the oldest, in short or altogether, or the newest; first of senders who may do " +
      "less, then of whoever has the most waiting. A stranger's is never told in short.",
  }),
  byChannel: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), QueueModeName, {
      description: 'Modes of single channels: { discord: "followup", webchat: "steer" }.',
    }),
  ),
  debounceMsByChannel: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Type.Integer(DebounceMs))),
});
export type QueueSettings = Static<typeof Queue>;

const Messages = Type.Object({
  queue: Queue,
  inboundMaxAgeHours: Type.Number({
    exclusiveMinimum: 0,
    maximum: 336,
    default: 24,
    description: "Older messages, found after an outage, are kept but not answered.",
  }),
  outboundTtlMinutes: Type.Number({
    exclusiveMinimum: 0,
    maximum: 10_080,
    default: 360,
    description: "A message that could not be sent for so long is given up.",
  }),
  inboundDebounceMs: Type.Integer({
    minimum: 0,
    maximum: 30_000,
    default: 0,
    description: "Wait so long for more from the same sender before answering. Albums and split texts always wait.",
  }),
  keepDays: Type.Integer({
    minimum: 14,
    maximum: 3650,
    default: 30,
    description: "How long the inbox and the outbox remember.",
  }),
  mediaMegabytes: Type.Integer({
    minimum: 10,
    maximum: 10_000_000,
    default: 2_000,
    description: "How much the files that people send may take; the oldest go first.",
  }),
  transcribe: Type.Optional(
    Type.Object(
      {
        command: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), {
            minItems: 1,
            maxItems: 50,
            description: 'A program and its arguments: "{file}" is the recording; what it prints is the text.',
          }),
        ),
        model: Type.Optional(
          Type.String({
            minLength: 1,
            description: "Instead of a program: a model of a provider that has transcriptions, as openai/whisper-1.",
          }),
        ),
        language: Type.Optional(
          Type.String({ pattern: "^[A-Za-z-]{2,16}$", description: "For the model: which language is spoken, as de." }),
        ),
        env: Type.Optional(
          Type.Record(Type.String(), SecretText, {
            description: "The program's environment, beside PATH, HOME and the like; nothing else of the gateway's.",
          }),
        ),
        timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 600 })),
      },
      {
        description: "Turns voice notes into text, by a program of yours or by a model provider.",
      },
    ),
  ),
});
export type MessagesSettings = Static<typeof Messages>;

export const messages = defineSettings({
  path: "messages",
  summary: "How messages of channels are taken in and sent.",
  reload: "live",
  schema: Messages,
});

const Name = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 256, description }));

const BindingSchema = Type.Object({
  agentId: Type.String({ minLength: 1, maxLength: 64, description: "The agent that answers." }),
  match: Type.Object({
    channel: Type.String({ minLength: 1, maxLength: 64 }),
    accountId: Name('One account, the one called default when absent; "*" is every account.'),
    peer: Type.Optional(
      Type.Object(
        {
          kind: Type.Union(OneOf("dm", "direct", "group", "channel").anyOf),
          id: Type.String({ minLength: 1, maxLength: 256 }),
        },
        { description: 'One person or group: { kind: "dm", id: "123456789" }; "*" is every one of that kind.' },
      ),
    ),
    guildId: Name("A Discord server."),
    teamId: Name("A Slack workspace."),
  }),
});
export type Binding = Static<typeof BindingSchema>;

export const bindings = defineListSettings({
  path: "bindings",
  summary: "Which agent answers where: by person or group, then server, workspace, account, channel.",
  reload: "live",
  schema: Type.Array(BindingSchema, { maxItems: 1_000 }),
});

const HeartbeatShown = Type.Object(
  {
    showOk: Type.Boolean({ default: false, description: "Whether people hear of heartbeats that found nothing." }),
    showAlerts: Type.Boolean({ default: true, description: "Whether people hear of what heartbeats found." }),
    useIndicator: Type.Boolean({ default: true, description: "Whether clients hear how to show each heartbeat." }),
  },
  { description: "What people see of heartbeats." },
);
export type HeartbeatShown = Static<typeof HeartbeatShown>;

/** `channels.<id>` with an account's settings, once for the channel and once for each of its accounts. */
export function channelSettings(definitions: readonly ChannelDefinition[]): SettingsDefinition<ChannelsConfig> {
  const sections = definitions.map(({ id, settings }) => {
    const account = { ...SHARED, ...settings.properties };
    const accounts = Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Type.Object(account)));
    return [id, Type.Optional(Type.Object({ ...account, accounts }))] as const;
  });
  return defineSettings({
    path: "channels",
    summary: "The messaging platforms, each with one account or several.",
    reload: "live",
    schema: Type.Object({
      defaults: Type.Optional(
        Type.Object({ groupPolicy: SHARED.groupPolicy, heartbeat: Type.Optional(HeartbeatShown) }),
      ),
      ...Object.fromEntries(sections),
    }),
  }) as unknown as SettingsDefinition<ChannelsConfig>;
}

/** Settings of one account: what all share, and the channel's own. */
export type AccountConfig = SharedSettings & Readonly<Record<string, unknown>>;
/** A channel's part of the config. */
export type ChannelConfig = AccountConfig & { readonly accounts?: Readonly<Record<string, AccountConfig>> };
export interface ChannelsConfig {
  readonly defaults?: {
    readonly groupPolicy?: "open" | "allowlist" | "disabled";
    readonly heartbeat?: HeartbeatShown;
  };
  readonly [channel: string]: unknown;
}
