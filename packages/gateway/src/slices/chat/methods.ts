/** The methods of a chat window. */
import { Type } from "@sinclair/typebox";
import { defineMethod } from "../../kit/method.ts";
import { DurationMs, Id, IdempotencyKey, NonEmpty, OneOf, SessionKey } from "../../kit/schema.ts";
import { Attachments, ChatMessages, MessageText, Stopped } from "./schema.ts";

export const history = defineMethod({
  name: "chat.history",
  summary: "The last messages of a conversation, oldest first.",
  access: "operator.read",
  params: {
    sessionKey: SessionKey,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: "Default 200." })),
  },
  result: Type.Object({
    sessionKey: NonEmpty,
    sessionId: Type.Optional(NonEmpty),
    messages: ChatMessages,
    thinkingLevel: NonEmpty,
  }),
  handler: ({ params, gateway }) => gateway.chat.history(params.sessionKey, params.limit ?? 200),
});

/** Duplicates are known by the run, also after a restart; so this is not `once`. */
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
  handler: ({ params, gateway, caller }) => gateway.chat.send(params, caller),
});

export const abort = defineMethod({
  name: "chat.abort",
  summary: "Stops the replies to a session key, or one of them.",
  access: "operator.write",
  params: { sessionKey: SessionKey, runId: Type.Optional(Id) },
  result: Stopped,
  handler: ({ params, gateway }) => gateway.chat.abort(params.sessionKey, params.runId),
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
