/** The section of the settings that says how conversations are told apart, and when they begin anew. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Reset = Type.Object({
  mode: Type.Optional(
    Type.Union(OneOf("daily", "idle", "off").anyOf, { description: "When a conversation begins anew by itself." }),
  ),
  atHour: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 23,
      description: "In mode daily: the hour of this machine's clock. Default 4.",
    }),
  ),
  idleMinutes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 525_600,
      description: "When nothing was said for so long; 60 in mode idle. In mode daily whichever comes first.",
    }),
  ),
});
export type ResetRule = Static<typeof Reset>;

const Session = Type.Object({
  reset: Type.Object({
    ...Reset.properties,
    mode: Type.Union(OneOf("daily", "idle", "off").anyOf, {
      default: "daily",
      description: "When a conversation begins anew by itself; what was said stays searchable.",
    }),
  }),
  resetByType: Type.Optional(
    Type.Object(
      { dm: Type.Optional(Reset), group: Type.Optional(Reset), thread: Type.Optional(Reset) },
      { description: "When conversations begin anew, for direct chats, groups and threads alone." },
    ),
  ),
  resetByChannel: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Reset, {
      description:
        'When conversations begin anew, for single channels: { whatsapp: { mode: "idle", idleMinutes: 240 } }.',
    }),
  ),
  resetTriggers: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
    maxItems: 20,
    default: ["/new", "/reset"],
    description: "Messages that begin the conversation anew; what follows such a word is the first message.",
  }),
  scope: Type.Union([Type.Literal("per-sender"), Type.Literal("global")], {
    default: "per-sender",
    description: "One conversation for each sender, or one for everything.",
  }),
  mainKey: Type.String({ minLength: 1, maxLength: 64, default: "main" }),
  dmScope: Type.Union(
    (["main", "per-peer", "per-channel-peer", "per-account-channel-peer"] as const).map((value) => Type.Literal(value)),
    {
      default: "main",
      description: "Whether direct chats share the main conversation, or have one for each person, channel or account.",
    },
  ),
  agentToAgent: Type.Object({
    maxPingPongTurns: Type.Integer({
      minimum: 0,
      maximum: 20,
      default: 5,
      description: "How often agents write to each other by sessions_send before a person has to say more.",
    }),
  }),
  identityLinks: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Type.Array(Type.String({ maxLength: 256 })), {
      description: 'One person under several ids: { alice: ["telegram:123", "whatsapp:+15550100"] }.',
    }),
  ),
});
export type SessionSettings = Static<typeof Session>;

export const session = defineSettings({
  path: "session",
  summary: "How conversations are told apart.",
  reload: "live",
  schema: Session,
});
