/** The section of the settings that names the agents, and says what they share. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, SecretText } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Model = Type.Union([
  Type.String({ minLength: 1, description: "provider/model, for example anthropic/claude-sonnet-4-5." }),
  Type.Object({ primary: Type.String({ minLength: 1 }), fallbacks: Type.Optional(Type.Array(Type.String())) }),
]);

const Identity = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1 })),
  theme: Type.Optional(Type.String({ minLength: 1 })),
  emoji: Type.Optional(Type.String({ minLength: 1 })),
  avatar: Type.Optional(Type.String({ minLength: 1 })),
  avatarUrl: Type.Optional(Type.String({ minLength: 1 })),
});

const ToolNames = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { description: "As in tools.allow and tools.deny." }),
);

const Thinking = OneOf("off", "minimal", "low", "medium", "high", "xhigh");

const Backend = Type.Object(
  {
    kind: Type.Literal("acp"),
    command: Type.String({ minLength: 1, description: "The program; it speaks the Agent Client Protocol." }),
    args: Type.Optional(Type.Array(Type.String())),
    env: Type.Optional(
      Type.Record(Type.String(), SecretText, { description: "Its environment, beside PATH, HOME and the like." }),
    ),
    cwd: Type.Optional(Type.String({ minLength: 1, description: "Where it works; the workspace by default." })),
    permissions: Type.Optional({
      ...OneOf("ask", "deny", "allow"),
      description: "What happens when it asks whether it may do something; by default it asks on.",
    }),
    audience: Type.Optional({
      ...OneOf("owner", "trusted", "anyone"),
      description: "For whom it answers; the owner alone by default.",
    }),
  },
  { description: "A program that answers instead of a model." },
);

const Every = Type.String({
  pattern: "^(?:\\d{1,6}(?:\\.\\d{1,3})?(?:ms|s|m|h|d)?)+$",
  maxLength: 32,
  description: 'How often it looks for news: "30m", "1h30m"; minutes without a unit. "0m" switches heartbeats off.',
});
const TimeOfDay = Type.String({ pattern: "^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$" });

/** What may be set for all agents and for one. */
const HEARTBEAT = {
  every: Type.Optional(Every),
  activeHours: Type.Optional(
    Type.Object(
      {
        start: Type.Optional({ ...TimeOfDay, description: "From this time of day on; 00:00 by default." }),
        end: Type.Optional({
          ...TimeOfDay,
          description: "Until before this time, 24:00 by default. Earlier than start: over midnight. Equal: never.",
        }),
        timezone: Type.Optional(
          Type.String({ minLength: 1, maxLength: 64, description: '"user", "local" or an IANA name.' }),
        ),
      },
      { description: "When heartbeats may ask a model." },
    ),
  ),
  target: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description:
        'Who hears of it: "last" (where the agent was last spoken to), "owner" (the direct chat in which an owner wrote last, never a group), "none", or a channel with `to`.',
    }),
  ),
  to: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: "As the channel names people and chats." }),
  ),
  accountId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  session: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: "The conversation; the main one by default." }),
  ),
  prompt: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: "What the model is told." })),
  ackMaxChars: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 100_000,
      description: "How much may stand beside HEARTBEAT_OK in a reply that is not sent. Default 300.",
    }),
  ),
  maxTurnsPerDay: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, description: "How often a day a model is asked. Default 48." }),
  ),
};
const Heartbeat = Type.Object(HEARTBEAT, {
  description: "Looks at what is new, without being asked; see moltbot heartbeat why.",
});
export type HeartbeatSettings = Static<typeof Heartbeat>;

const Agents = Type.Object({
  defaults: Type.Object({
    model: Type.Optional(Model),
    imageModel: Type.Optional(
      Type.String({
        minLength: 1,
        description: "The model that looks at pictures for models that take none, as provider/model.",
      }),
    ),
    models: Type.Optional(
      Type.Record(Type.String(), Type.Object({ alias: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) }), {
        description: 'Short names, as models.aliases has them: { "openai/gpt-5": { alias: "gpt" } }.',
      }),
    ),
    userTimezone: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description:
          "The time zone of days, jobs and reminders, such as Europe/Berlin; that of the machine by default.",
      }),
    ),
    timeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 600,
      description: "How long a run may take.",
    }),
    maxConcurrent: Type.Integer({ minimum: 1, maximum: 64, default: 4, description: "How many runs work at once." }),
    subagents: Type.Object({
      maxConcurrent: Type.Integer({
        minimum: 1,
        maximum: 64,
        default: 8,
        description: "How many runs that agents have started work at once, beside those.",
      }),
      maxPerRun: Type.Integer({ minimum: 0, maximum: 64, default: 8, description: "How many one run may start." }),
      timeoutSeconds: Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 600,
        description: "How long one of them may take.",
      }),
      maxDepth: Type.Integer({
        minimum: 1,
        maximum: 4,
        default: 1,
        description: "How deep sub-agents may start sub-agents; with 1 they may not.",
      }),
      allowAgents: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
          description: 'Agents that may be given a task by the others; "*" is all. An agent may always ask itself.',
        }),
      ),
      tools: Type.Optional(
        Type.Object(
          { allow: ToolNames, deny: ToolNames },
          { description: "message and sessions_send are theirs only when they stand under allow." },
        ),
      ),
    }),
    maxTurns: Type.Integer({
      minimum: 1,
      maximum: 1_000,
      default: 60,
      description: "How often a run may ask its model before it stops and says so.",
    }),
    record: Type.Optional({
      ...OneOf("off", "on"),
      description: "Whether runs are kept so that they can be replayed: what went to models and what came back.",
    }),
    compaction: Type.Object({
      mode: Type.Unsafe<"auto" | "off" | "default" | "safeguard">({
        ...OneOf("auto", "off", "default", "safeguard"),
        default: "auto",
        description:
          "Whether the older part of a conversation is summarised when the window fills. All but off is auto.",
      }),
      threshold: Type.Number({
        minimum: 0.3,
        maximum: 0.95,
        default: 0.8,
        description: "How full the model's window is when that happens.",
      }),
      model: Type.Optional(
        Type.String({ minLength: 1, description: "The model that summarises; else the one that answers." }),
      ),
      instructions: Type.Optional(Type.String({ maxLength: 4_000, description: "What summaries must keep in mind." })),
    }),
    contextPruning: Type.Object({
      mode: Type.Unsafe<"auto" | "off" | "cache-ttl" | "adaptive" | "aggressive">({
        ...OneOf("auto", "off", "cache-ttl", "adaptive", "aggressive"),
        default: "auto",
        description: "Whether old tool results are left out of what the model is shown. All but off is auto.",
      }),
      keepLastTurns: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 3,
        description: "Results of the last turns are shown in full; a turn begins with what a person says.",
      }),
      maxChars: Type.Integer({
        minimum: 100,
        maximum: 100_000,
        default: 1_000,
        description: "Older results that are no longer than this stay.",
      }),
    }),
    workspace: Type.Optional(
      Type.String({
        minLength: 1,
        description: "The default agent's folder; those of others stand beside it, named after it and them.",
      }),
    ),
    context: Type.Object(
      {
        maxCharsPerFile: Type.Integer({
          minimum: 100,
          maximum: 1_000_000,
          default: 20_000,
          description: "How much of one file of the workspace the system prompt takes in.",
        }),
        maxChars: Type.Integer({
          minimum: 0,
          maximum: 4_000_000,
          default: 60_000,
          description: "How much of all of them together.",
        }),
      },
      { description: "What models are told of the workspace; see moltbot agent prompt." },
    ),
    heartbeat: Type.Optional(Heartbeat),
    thinkingDefault: Type.Optional(Thinking),
    verboseDefault: Type.Optional(OneOf("on", "full", "off")),
  }),
  list: Type.Optional(
    Type.Array(
      Type.Object({
        id: Type.String({ minLength: 1, maxLength: 64 }),
        default: Type.Optional(Type.Boolean()),
        name: Type.Optional(Type.String({ minLength: 1 })),
        identity: Type.Optional(Identity),
        workspace: Type.Optional(Type.String({ minLength: 1 })),
        model: Type.Optional(Model),
        heartbeat: Type.Optional(
          Type.Object(HEARTBEAT, { description: "When any agent has this, only those that have it have heartbeats." }),
        ),
        thinkingDefault: Type.Optional(Thinking),
        tools: Type.Optional(Type.Object({ allow: ToolNames, deny: ToolNames })),
        backend: Type.Optional(Backend),
      }),
    ),
  ),
});
export type AgentSettings = Static<typeof Agents>;

export const agents = defineSettings({
  path: "agents",
  summary: "The agents, and what they share.",
  reload: "live",
  schema: Agents,
});
