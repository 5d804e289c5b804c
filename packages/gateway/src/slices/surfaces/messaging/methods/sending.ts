/** Methods that send, and that change what was sent. */

import { Type } from "@sinclair/typebox";
import { Ignored, NonEmpty } from "../../../../kit/schema/schema.ts";
import { defineMethod } from "../slice.ts";
import { Account, Name, Target } from "./params.ts";

const Where = { ...Account, to: Target, threadId: Name };

const Delivered = Type.Object({
  runId: NonEmpty,
  messageId: Type.String(),
  channel: NonEmpty,
  chatId: Type.Optional(Type.String()),
  channelId: Type.Optional(Type.String()),
  toJid: Type.Optional(Type.String()),
  conversationId: Type.Optional(Type.String()),
  pollId: Type.Optional(Type.String()),
});

export const send = defineMethod({
  name: "send",
  summary: "Sends a message over a channel; answers when the platform has taken it.",
  access: "operator.write",
  once: true,
  params: {
    ...Where,
    message: Type.String({ minLength: 1, maxLength: 1_000_000 }),
    mediaUrl: Type.Optional(Type.String({ maxLength: 8_000_000, description: "https:, or data: with base64." })),
    mediaUrls: Type.Optional(Type.Array(Type.String({ maxLength: 8_000_000 }), { maxItems: 10 })),
    gifPlayback: Type.Optional(Type.Boolean()),
    sessionKey: Type.Optional(Type.String({ maxLength: 512, description: "Whose transcript keeps it." })),
    replyToId: Name,
    silent: Type.Optional(Type.Boolean()),
  },
  result: Delivered,
  handler: ({ params, gateway, caller, signal }) => gateway.messaging.outgoing.send(params, caller, signal),
});

export const poll = defineMethod({
  name: "poll",
  summary: "Asks a question with answers to choose from, where the channel has polls.",
  access: "operator.admin",
  once: true,
  listed: false,
  params: {
    ...Where,
    question: Type.String({ minLength: 1, maxLength: 300 }),
    options: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 2, maxItems: 12 }),
    maxSelections: Type.Optional(Type.Integer({ minimum: 1, maximum: 12 })),
    durationHours: Type.Optional(Type.Integer({ minimum: 1, maximum: 768 })),
  },
  result: Delivered,
  handler: ({ params, gateway, caller, signal }) => gateway.messaging.outgoing.poll(params, caller, signal),
});

const Message = { ...Where, messageId: Type.String({ minLength: 1, maxLength: 256 }) };

const Done = Type.Object({ ok: Type.Literal(true) });

export const react = defineMethod({
  name: "message.react",
  summary: "Reacts to a message, or takes the reaction back.",
  access: "operator.write",
  once: true,
  params: { ...Message, emoji: Type.String({ minLength: 1, maxLength: 64 }), remove: Type.Optional(Type.Boolean()) },
  result: Done,
  handler: ({ params, gateway, signal }) => gateway.messaging.outgoing.react(params, signal),
});

export const edit = defineMethod({
  name: "message.edit",
  summary: "Changes a message that the gateway has sent.",
  access: "operator.write",
  once: true,
  params: { ...Message, message: Type.String({ minLength: 1, maxLength: 100_000 }) },
  result: Done,
  handler: ({ params, gateway, signal }) => gateway.messaging.outgoing.edit(params, signal),
});

export const unsend = defineMethod({
  name: "message.delete",
  summary: "Takes back a message that the gateway has sent.",
  access: "operator.write",
  once: true,
  params: Message,
  result: Done,
  handler: ({ params, gateway, signal }) => gateway.messaging.outgoing.unsend(params, signal),
});

export const action = defineMethod({
  name: "message.action",
  summary:
    "Acts on a channel as the command line of protocol 4 asks: send, read, edit, react, delete or poll. `params` are its " +
    "flags; the channel's target is `to` or `target` among them.",
  access: "operator.write",
  once: true,
  params: {
    ...Account,
    action: Type.String({ minLength: 1, maxLength: 64 }),
    params: Type.Record(Type.String({ maxLength: 64 }), Type.Unknown()),
    sessionKey: Type.Optional(Type.String({ maxLength: 512, description: "Whose transcript keeps what is sent." })),
    ...{ agentId: Ignored, senderIsOwner: Ignored, conversationReadOrigin: Ignored, toolContext: Ignored },
  },
  result: Type.Record(Type.String(), Type.Unknown(), {
    description: "`ok: true`, and what the action has brought: `messageId` and `chatId`, or `messages` of read.",
  }),
  handler: ({ params, gateway, caller, signal }) => gateway.messaging.act(params, caller, signal),
});
