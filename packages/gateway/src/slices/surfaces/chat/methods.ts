/** The methods of a chat window. */
import { Type } from "@sinclair/typebox";
import {
  DurationMs,
  Id,
  IdempotencyKey,
  Ignored,
  MAX_NUMBER,
  NonEmpty,
  OneOf,
  SessionKey,
} from "../../../kit/schema/schema.ts";
import { PastPage } from "../../core/sessions/schema.ts";
import { Attachments, ChatMetadata, History, LaterHistory, MessageText, Stopped } from "./schema.ts";
import { defineMethod } from "./slice.ts";

/** The agent for a session key that names none. */
const AgentId = Type.Optional(Id);
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: "Default 200." }));
const MaxBytes = Type.Optional(
  Type.Integer({ minimum: 1, maximum: MAX_NUMBER, description: "Of the messages as JSON; the oldest go first." }),
);
const laterHistory = {
  agentId: AgentId,
  maxBytes: MaxBytes,
  ...{ cursor: Ignored, offset: Ignored, messageId: Ignored, maxChars: Ignored, inputRunIds: Ignored },
};

const USUAL_LIMIT = 200;

export const history = defineMethod({
  name: "chat.history",
  summary: "The last messages of a conversation, oldest first.",
  access: "operator.read",
  params: {
    sessionKey: SessionKey,
    limit: Limit,
  },
  result: History,
  handler: ({ params, gateway }) => gateway.chat.history(params.sessionKey, params.limit ?? USUAL_LIMIT),
  four: {
    params: laterHistory,
    result: LaterHistory,
    handler: ({ params, gateway }) => gateway.chat.laterHistory(params),
  },
});

export const startup = defineMethod({
  name: "chat.startup",
  summary: "What a chat window shows first: the history, and what it offers.",
  access: "operator.read",
  params: { sessionKey: SessionKey, limit: Limit, ...laterHistory },
  result: Type.Object({ ...LaterHistory.properties, metadata: ChatMetadata }),
  async handler({ params, gateway, caller }) {
    const history = gateway.chat.laterHistory(params);
    return { ...history, metadata: await gateway.chat.metadata(params, caller) };
  },
});

export const metadata = defineMethod({
  name: "chat.metadata",
  summary: "What a chat window offers: models to choose from, and commands.",
  access: "operator.read",
  params: { sessionKey: Type.Optional(SessionKey), agentId: AgentId },
  result: ChatMetadata,
  handler: ({ params, gateway, caller }) => gateway.chat.metadata(params, caller),
});

/** The run recognises duplicates, also after a restart; so this method is not `once`. */
export const send = defineMethod({
  name: "chat.send",
  summary: "Sends a message; the reply comes as chat events. A stop word stops the reply under way.",
  access: "operator.write",
  params: {
    sessionKey: SessionKey,
    message: MessageText,
    thinking: Type.Optional(Type.String({ maxLength: 64 })),
    deliver: Type.Optional(Type.Boolean()),
    attachments: Type.Optional(Attachments),
    timeoutMs: Type.Optional(DurationMs),
    idempotencyKey: IdempotencyKey,
  },
  result: Type.Union([Type.Object({ runId: NonEmpty, status: OneOf("started", "in_flight", "ok") }), Stopped]),
  handler: ({ params, gateway, caller, signal }) => gateway.chat.receive(params, caller, signal),
  four: {
    params: {
      agentId: AgentId,
      sessionId: Type.Optional(
        Type.String({
          maxLength: 256,
          description: "The conversation as the client saw it last; the message goes to the one that is there now.",
        }),
      ),
      ...{ expectedLeafEntryId: Ignored, queueMode: Ignored, fastMode: Ignored, replyToId: Ignored },
      ...{ originatingChannel: Ignored, originatingTo: Ignored, originatingAccountId: Ignored },
      ...{ originatingThreadId: Ignored, intent: Ignored, mentions: Ignored },
    },
  },
});

/** The run recognises duplicates, as those of `chat.send`; so this method is not `once`. */
export const again = defineMethod({
  name: "chat.again",
  summary:
    "Asks again from a person's message on, with its files: with its own words, or with others in their place. What " +
    "followed becomes a branch; the reply comes as chat events.",
  access: "operator.write",
  params: {
    sessionKey: SessionKey,
    messageId: Id,
    message: Type.Optional({ ...MessageText, description: "What it says now; its own words when left out or empty." }),
    idempotencyKey: IdempotencyKey,
  },
  result: Type.Object({ runId: NonEmpty, status: OneOf("started", "in_flight", "ok") }),
  handler: ({ params: { messageId, message = "", ...params }, gateway, caller }) =>
    gateway.chat.again({ ...params, message, replaces: messageId }, caller),
});

export const past = defineMethod({
  name: "chat.past",
  summary:
    "Everything that was ever said in a conversation, also before it began anew, page by page and oldest first: the " +
    "newest messages, those before or after one, those around one, or those of a branch.",
  access: "operator.read",
  params: {
    sessionKey: SessionKey,
    agentId: AgentId,
    before: Type.Optional({ ...Id, description: "A message id." }),
    after: Type.Optional({ ...Id, description: "A message id." }),
    around: Type.Optional({ ...Id, description: "A message id." }),
    branch: Type.Optional({ ...Id, description: "The id of a branch." }),
    limit: Type.Optional(Type.Integer({ minimum: 2, maximum: 200, description: "Default 50." })),
  },
  result: Type.Object({ sessionKey: NonEmpty, ...PastPage.properties }),
  handler: ({ params, gateway }) => gateway.chat.past(params),
});

export const abort = defineMethod({
  name: "chat.abort",
  summary: "Stops the replies to a session key, or one of them.",
  access: "operator.write",
  params: { sessionKey: SessionKey, runId: Type.Optional(Id) },
  result: Stopped,
  handler: ({ params, gateway }) => gateway.chat.abort(params.sessionKey, params.runId),
  four: {
    params: { agentId: AgentId, preserveSideRuns: Ignored },
    handler: ({ params, gateway }) => gateway.chat.abort(params.sessionKey, params.runId, params.agentId),
  },
});

export const inject = defineMethod({
  name: "chat.inject",
  summary: "Adds a message of the assistant to a conversation.",
  access: "operator.admin",
  listed: false,
  params: {
    sessionKey: SessionKey,
    message: Type.String({ ...MessageText, minLength: 1 }),
    label: Type.Optional(Type.String({ maxLength: 100 })),
  },
  result: Type.Object({ ok: Type.Literal(true), messageId: NonEmpty }),
  handler: ({ params, gateway }) => gateway.chat.inject(params.sessionKey, params.message, params.label),
});
