/** Runs, agents and models as the wire says them (protocol: agent, agents.list, models.list). */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";
import { Message } from "../../core/sessions/schema.ts";

/** A message to the agent. Frames bound it too; this bounds what is stored. */
export const MessageText = Type.String({ maxLength: 1_000_000 });

/** Files sent along; only items whose `content` is base64 or a data URL count, so the shape is checked by hand. */
export const Attachments = Type.Array(Type.Unknown(), { maxItems: 50 });

export const RunStatus = OneOf("ok", "error");

const Tokens = Type.Integer({ minimum: 0 });
export const UsageShape = Type.Object({
  input: Tokens,
  output: Tokens,
  cacheRead: Type.Optional(Tokens),
  totalTokens: Tokens,
});

/** What a run has produced. */
export const RunReport = Type.Object({
  payloads: Type.Array(Type.Object({ text: Type.String(), mediaUrl: Nullable(Type.String()) })),
  meta: Type.Object({
    durationMs: Type.Integer({ minimum: 0 }),
    agentMeta: Type.Object({
      sessionId: Type.String(),
      provider: NonEmpty,
      model: NonEmpty,
      usage: Type.Optional(UsageShape),
    }),
    aborted: Type.Boolean(),
    stopReason: Type.Optional(NonEmpty),
  }),
});

export const AgentIdentity = Closed({
  name: Type.Optional(NonEmpty),
  theme: Type.Optional(NonEmpty),
  emoji: Type.Optional(NonEmpty),
  avatar: Type.Optional(NonEmpty),
  avatarUrl: Type.Optional(NonEmpty),
});

export const AgentSummaryV3 = Closed({
  id: NonEmpty,
  name: Type.Optional(NonEmpty),
  identity: Type.Optional(AgentIdentity),
});

/** An agent as `agents.list` shows it. */
export const AgentSummary = Closed({
  ...AgentSummaryV3.properties,
  kind: Type.Optional(Type.Literal("agent")),
  model: Type.Optional(Closed({ primary: NonEmpty, fallbacks: Type.Array(NonEmpty) })),
});

/** One event of a run. */
export const AgentEvent = Type.Object({
  runId: NonEmpty,
  seq: Type.Integer({ minimum: 0, description: "From 1, one more for each event of this run." }),
  stream: OneOf("lifecycle", "assistant", "tool", "reasoning", "compaction", "error"),
  ts: Millis,
  data: Type.Record(Type.String(), Type.Unknown()),
  sessionKey: Type.Optional(
    Type.String({ description: "As the caller spelled it; absent when the caller named none." }),
  ),
});

/** A conversation as a chat window shows it. */
export const ChatEvent = Type.Object({
  runId: NonEmpty,
  sessionKey: NonEmpty,
  seq: Type.Integer({ minimum: 0 }),
  state: OneOf("delta", "final", "aborted", "error"),
  message: Type.Optional(Message),
  deltaText: Type.Optional(
    Type.String({ description: "What is new since the delta before; the message has the whole text." }),
  ),
  errorMessage: Type.Optional(Type.String()),
  usage: Type.Optional(UsageShape),
  stopReason: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Of aborted: "rpc", "stop", "timeout", "interrupt" (a newer message took its place) or "dropped" (too many ' +
        'waited). Of final: "merged" when the message is answered together with a newer one, under its id.',
    }),
  ),
});
export type ChatPayload = Static<typeof ChatEvent>;

/** A slash command as menus and completion of protocol 3 show it. */
export const CommandEntryV3 = Type.Object({
  name: NonEmpty,
  aliases: Type.Array(NonEmpty),
  usage: Type.String({ description: 'What follows the name; "" when nothing does.' }),
  summary: NonEmpty,
  choices: Type.Array(Type.String(), { description: "Words that may follow, at most 25." }),
});

/** A slash command as menus and completion show it. */
export const CommandEntry = Type.Object({
  ...CommandEntryV3.properties,
  textAliases: Type.Optional(Type.Array(NonEmpty, { description: "The command's names as they are typed: `/new`." })),
  description: Type.Optional(NonEmpty),
  source: Type.Optional(NonEmpty),
  scope: Type.Optional(NonEmpty),
  acceptsArgs: Type.Optional(Type.Boolean()),
});

/** A tool as `tools.list` shows it. */
export const ToolEntry = Closed({
  name: NonEmpty,
  summary: Type.String(),
  audience: OneOf("anyone", "trusted", "owner"),
  changes: Type.Boolean({ description: "Whether a call changes something outside the conversation." }),
  allowed: Type.Boolean(),
  why: Type.Optional(Type.String({ description: "Why it is not allowed, or what has to be set first." })),
});
