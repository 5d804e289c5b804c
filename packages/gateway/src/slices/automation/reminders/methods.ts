/** The methods of reminders: what people say in a chat, for the command line and for apps. */
import { Type } from "@sinclair/typebox";
import type { Caller } from "../../../kit/access.ts";
import { Millis, NonEmpty, SessionKey } from "../../../kit/schema/schema.ts";
import { ReminderShape } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Name = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }));

export const add = defineMethod({
  name: "reminders.add",
  summary: "Makes a reminder of a sentence, without a model. It is said in a conversation, or over a channel.",
  access: "operator.write",
  once: true,
  params: {
    words: Type.String({
      minLength: 1,
      maxLength: 4_000,
      description: "When and of what: in 20 min to stretch; call mum tomorrow at 9; every weekday at 8 stand up.",
    }),
    sessionKey: Type.Optional({ ...SessionKey, description: "The conversation; the main one by default." }),
    channel: Type.Optional({
      ...Type.String({ minLength: 1, maxLength: 64 }),
      description: "With to: where it is said.",
    }),
    to: Name,
    accountId: Name,
    threadId: Name,
    tz: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: "The zone of the times; the client's by default." }),
    ),
  },
  result: Type.Object({
    reminder: ReminderShape,
    notes: Type.Array(Type.String(), { description: "How words were read that can be read in two ways." }),
    text: Type.String({ description: "The answer as people read it." }),
  }),
  async handler({ params, gateway, caller }) {
    const { words, sessionKey, tz, idempotencyKey, ...place } = params;
    const made = await gateway.reminders.add({
      ...{ words, asker: askerOf(caller, tz), key: idempotencyKey },
      sessionKey: sessionKey === undefined ? gateway.sessions.mainKey() : gateway.sessions.canonical(sessionKey),
      route: gateway.reminders.routeTo(place),
    });
    const { answerOf } = await import("./answer.ts");
    return { ...made, notes: [...made.notes], text: answerOf(made) };
  },
});

export const list = defineMethod({
  name: "reminders.list",
  summary: "The reminders that are to come, oldest first.",
  access: "operator.read",
  params: {},
  result: Type.Object({ reminders: Type.Array(ReminderShape) }),
  handler: async ({ gateway, caller }) => ({
    reminders: await gateway.reminders.list(askerOf(caller), gateway.sessions.mainKey()),
  }),
});

export const upcoming = defineMethod({
  name: "reminders.upcoming",
  summary: "What comes next: the next times of all jobs and reminders together.",
  access: "operator.read",
  params: { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "Default 10." })) },
  result: Type.Object({
    firings: Type.Array(Type.Object({ jobId: NonEmpty, name: Type.String(), atMs: Millis })),
  }),
  handler: async ({ params: { limit = 10 }, gateway }) => ({ firings: await gateway.reminders.upcoming(limit) }),
});

export const remove = defineMethod({
  name: "reminders.remove",
  summary: "Ends a reminder.",
  access: "operator.write",
  params: { id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Its number." }) },
  result: Type.Object({ ok: Type.Literal(true), removed: ReminderShape, text: NonEmpty }),
  async handler({ params: { id }, gateway, caller }) {
    const removed = await gateway.reminders.remove(id, askerOf(caller), gateway.sessions.mainKey());
    return { ok: true as const, removed, text: `Ended reminder ${id}: ${removed.text}` };
  },
});

function askerOf({ principal, scopes, client }: Caller, tz = client.timeZone) {
  return { principal, scopes: [...scopes], timeZone: tz };
}
