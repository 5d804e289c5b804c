/** Sessions as the wire says them (protocol: sessions). */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

const Tokens = Type.Integer({ minimum: 0 });

/** What can be set for one session; what is absent follows the settings. */
const levels = {
  thinkingLevel: Type.Optional(Type.String()),
  verboseLevel: Type.Optional(Type.String()),
  reasoningLevel: Type.Optional(Type.String()),
  elevatedLevel: Type.Optional(Type.String()),
  responseUsage: Type.Optional(Type.String()),
  sendPolicy: Type.Optional(Type.String()),
  groupActivation: Type.Optional(Type.String()),
  queueMode: Type.Optional(Type.String()),
  execHost: Type.Optional(Type.String()),
  execSecurity: Type.Optional(Type.String()),
  execAsk: Type.Optional(Type.String()),
  execNode: Type.Optional(Type.String()),
  spawnedBy: Type.Optional(Type.String()),
};

/** What the store keeps of a session beside its key. */
export const SessionEntry = Type.Object({
  sessionId: NonEmpty,
  updatedAt: Millis,
  label: Type.Optional(NonEmpty),
  ...levels,
  modelProvider: Type.Optional(NonEmpty),
  model: Type.Optional(NonEmpty),
  abortedLastRun: Type.Optional(Type.Boolean()),
  inputTokens: Tokens,
  outputTokens: Tokens,
  totalTokens: Tokens,
});

/** One row of `sessions.list` of protocol 3. */
export const SessionRowV3 = Type.Object({
  key: NonEmpty,
  kind: OneOf("direct", "group", "global", "unknown"),
  label: Type.Optional(NonEmpty),
  displayName: Type.Optional(NonEmpty),
  derivedTitle: Type.Optional(NonEmpty),
  lastMessagePreview: Type.Optional(NonEmpty),
  channel: Type.Optional(NonEmpty),
  deliveryContext: Type.Optional(
    Type.Object({
      channel: NonEmpty,
      to: Type.Optional(NonEmpty),
      accountId: Type.Optional(NonEmpty),
      threadId: Type.Optional(NonEmpty),
    }),
  ),
  lastChannel: Type.Optional(NonEmpty),
  lastTo: Type.Optional(NonEmpty),
  lastAccountId: Type.Optional(NonEmpty),
  updatedAt: Nullable(Millis),
  sessionId: Type.Optional(NonEmpty),
  ...levels,
  abortedLastRun: Type.Optional(Type.Boolean()),
  inputTokens: Type.Optional(Tokens),
  outputTokens: Type.Optional(Tokens),
  totalTokens: Tokens,
  modelProvider: Type.Optional(NonEmpty),
  model: Type.Optional(NonEmpty),
  contextTokens: Type.Optional(Type.Integer({ minimum: 1 })),
});

/** One row of `sessions.list`. */
export const SessionRow = Type.Object({
  ...SessionRowV3.properties,
  agentId: Type.Optional(NonEmpty),
  isMain: Type.Optional(Type.Boolean({ description: "Whether it is its agent's main conversation." })),
  archived: Type.Optional(Type.Boolean({ description: "Whether it was put away; a message brings it back." })),
  pinned: Type.Optional(Type.Boolean({ description: "Whether it stands above the others." })),
  unread: Type.Optional(Type.Boolean()),
  totalTokensFresh: Type.Optional(Type.Boolean()),
});

/** Which model answers where nobody has chosen one. */
export const SessionDefaults = Type.Object({
  modelProvider: Nullable(NonEmpty),
  model: Nullable(NonEmpty),
  contextTokens: Nullable(Type.Integer({ minimum: 1 })),
});

/** The model of a conversation after a change. */
export const ResolvedModel = Type.Object({ modelProvider: Nullable(NonEmpty), model: Nullable(NonEmpty) });

export const PreviewItem = Type.Object({
  role: OneOf("user", "assistant", "tool", "system", "other"),
  text: Type.String(),
});

export const SearchMatch = Type.Object({
  sessionKey: NonEmpty,
  messageId: NonEmpty,
  role: NonEmpty,
  ts: Millis,
  snippet: Type.String(),
});

const Text = Type.Object({ type: Type.Literal("text"), text: Type.String() });
const Image = Type.Object({
  type: Type.Literal("image"),
  mimeType: NonEmpty,
  fileName: Type.Optional(NonEmpty),
  sizeBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  data: Type.Optional(Type.String({ description: "Base64; absent where the answer would become too large." })),
});

const ToolCallPart = Type.Object({
  type: Type.Literal("toolCall"),
  id: Type.String(),
  name: NonEmpty,
  arguments: Type.Unknown(),
});
const ThinkingPart = Type.Object({ type: Type.Literal("thinking"), thinking: Type.String() });

/** A message as `chat.history` and chat events carry it. */
export const Message = Type.Object({
  id: Type.Optional(NonEmpty),
  role: OneOf("user", "assistant", "system", "toolResult"),
  content: Type.Array(Type.Union([Text, Image, ToolCallPart, ThinkingPart])),
  timestamp: Millis,
  idempotencyKey: Type.Optional(NonEmpty),
  runId: Type.Optional(Type.String({ description: "The run that brought the message; none for what was injected." })),
  provider: Type.Optional(NonEmpty),
  model: Type.Optional(NonEmpty),
  usage: Type.Optional(
    Type.Object({ input: Tokens, output: Tokens, cacheRead: Type.Optional(Tokens), totalTokens: Tokens }),
  ),
  stopReason: Type.Optional(NonEmpty),
  errorMessage: Type.Optional(Type.String()),
  toolCallId: Type.Optional(Type.String({ description: "The call that a message of role toolResult answers." })),
  toolName: Type.Optional(NonEmpty),
  isError: Type.Optional(Type.Boolean()),
  details: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        'What the gateway says of the message: { kind: "compaction", … }, { kind: "tool", durationMs, meta? }, ' +
        '{ kind: "reply", notes?, footer? }.',
    }),
  ),
});
export type Message = Static<typeof Message>;

/** Where a transcript begins. Of what began before this was kept, neither time nor reason is known. */
export const Beginning = Type.Object({
  sessionId: NonEmpty,
  beganAt: Type.Optional(Millis),
  reason: Type.Optional({
    ...OneOf("new", "reset", "idle", "daily"),
    description: "Somebody asked for it in words or by a method; nobody wrote for long; the day was over.",
  }),
});

/** Messages that another one, of the run `instead`, replaces. */
export const BranchRow = Type.Object({
  id: NonEmpty,
  sessionId: NonEmpty,
  at: Millis,
  instead: NonEmpty,
  messages: Type.Integer({ minimum: 0 }),
});

/** A page of everything that was said in a conversation, oldest first. */
export const PastPage = Type.Object({
  current: Type.Optional({ ...Beginning, description: "The transcript of now; absent when there is no conversation." }),
  transcripts: Type.Array(Type.Object({ ...Beginning.properties, messages: Type.Array(Message) })),
  branches: Type.Array(BranchRow),
  hasOlder: Type.Boolean(),
  hasNewer: Type.Boolean(),
});

/** Where sessions are kept, as far as a client needs to know: host paths are not for readers. */
export const STORE = "state.db";
