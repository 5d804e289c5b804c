/** Events about changes of conversations, for subscribers (protocol: sessions.subscribe). */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { Message, SessionRow } from "./schema.ts";

export const sessionsChanged = defineEvent({
  name: "sessions.changed",
  summary: "A conversation began, was changed, or something happens in it; for those who called sessions.subscribe.",
  audience: "operator.read",
  isSubscribed: true,
  whenSlow: "drop",
  payload: Type.Object({
    sessionKey: NonEmpty,
    agentId: NonEmpty,
    reason: Type.Optional(Type.String({ description: "create, patch, reset, new, send, compact or delete." })),
    phase: Type.Optional(
      Type.String({ description: "Of a run: start, end or error; message when something was said." }),
    ),
    runId: Type.Optional(NonEmpty),
    ts: Millis,
    sessionId: Type.Optional(NonEmpty),
    updatedAt: Type.Optional(Millis),
    session: Type.Optional(SessionRow),
  }),
});

export const sessionMessage = defineEvent({
  name: "session.message",
  summary:
    "Something was said in a conversation; for those who called sessions.subscribe or sessions.messages.subscribe.",
  audience: "operator.read",
  isSubscribed: true,
  whenSlow: "drop",
  payload: Type.Object({
    sessionKey: NonEmpty,
    agentId: NonEmpty,
    message: Message,
    messageId: NonEmpty,
    messageSeq: Type.Integer({ minimum: 1, description: "Grows from message to message, over all conversations." }),
    sessionId: NonEmpty,
    updatedAt: Millis,
    session: SessionRow,
  }),
});
