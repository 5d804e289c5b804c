/** Channels, messages and pairing as the wire says them (protocol: send, poll, channels.status, DM pairing codes). */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

/**
 * The state of an account.
 *
 * | state | means |
 * |---|---|
 * | disabled | switched off in the settings |
 * | unconfigured | something is missing; `problem` says what |
 * | stopped | stopped by a method; `channels.start` starts it |
 * | starting | connecting for the first time |
 * | connected | messages flow |
 * | waiting | the link is gone; the next try is at `nextAttemptAt` |
 * | failed | will not try again by itself; `problem` says what to do |
 */
export const AccountState = OneOf("disabled", "unconfigured", "stopped", "starting", "connected", "waiting", "failed");
export type AccountStateName = Static<typeof AccountState>;

/** One account of a channel (protocol: channels.status); more than the protocol asks for may be added. */
export const AccountSnapshot = Type.Object(
  {
    accountId: NonEmpty,
    name: Type.Optional(Type.String()),
    enabled: Type.Boolean(),
    configured: Type.Boolean(),
    linked: Type.Optional(Type.Boolean({ description: "Channels with a login: whether a session is stored." })),
    running: Type.Boolean(),
    connected: Type.Boolean(),
    state: AccountState,
    problem: Type.Optional(
      Closed({
        kind: NonEmpty,
        message: Type.String({ description: "What is wrong and what to do, in a sentence." }),
      }),
    ),
    self: Type.Optional(Closed({ id: Type.String(), name: Type.Optional(Type.String()) })),
    nextAttemptAt: Type.Optional(Millis),
    reconnectAttempts: Type.Integer({ minimum: 0 }),
    lastConnectedAt: Type.Optional(Millis),
    lastError: Type.Optional(Type.String()),
    lastStartAt: Type.Optional(Millis),
    lastStopAt: Type.Optional(Millis),
    lastInboundAt: Type.Optional(Millis),
    lastOutboundAt: Type.Optional(Millis),
    lastProbeAt: Type.Optional(Millis),
    probe: Type.Optional(Type.Object({ ok: Type.Boolean(), error: Type.Optional(Type.String()) })),
    dmPolicy: Type.Optional(Type.String()),
    allowFrom: Type.Optional(Type.Array(Type.String())),
    queued: Type.Integer({ minimum: 0, description: "Messages that wait to be sent." }),
    unknown: Type.Integer({ minimum: 0, description: "Messages of which it is not known whether they were sent." }),
    capabilities: Type.Array(Type.String()),
    absent: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: "What this account lacks, with the reason." }),
    ),
  },
  { additionalProperties: true },
);
export type AccountSnapshotShape = Static<typeof AccountSnapshot>;

/** What became of an inbound message. */
export const OutcomeKind = OneOf("replied", "noted", "suppressed", "unread", "failed", "expired");
export type OutcomeName = Static<typeof OutcomeKind>;

/** An inbound message and what was decided about it. */
export const InboxEntry = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  channel: NonEmpty,
  accountId: NonEmpty,
  chatId: NonEmpty,
  threadId: Type.Optional(Type.String()),
  chatKind: NonEmpty,
  chatTitle: Type.Optional(Type.String()),
  sender: Type.String(),
  senderName: Type.Optional(Type.String()),
  kind: NonEmpty,
  messageId: Type.String(),
  text: Type.String({ description: "Its beginning." }),
  at: Millis,
  receivedAt: Millis,
  state: OneOf("received", "running", "done"),
  outcome: Type.Optional(OutcomeKind),
  rule: Type.Optional(Type.String({ description: "The rule that decided it." })),
  detail: Type.Optional(Type.String({ description: "The rule that decided, as a sentence." })),
  setting: Type.Optional(Type.String({ description: "The dotted path of the setting behind the rule." })),
  binding: Type.Optional(Type.String({ description: "The dotted path of the binding that chose the agent." })),
  decidedAt: Type.Optional(Millis),
  runId: Type.Optional(Type.String()),
  sessionKey: Type.Optional(Type.String()),
});
export type InboxEntryShape = Static<typeof InboxEntry>;

/** A message to a channel and how far it is. */
export const OutboxEntry = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  channel: NonEmpty,
  accountId: NonEmpty,
  chatId: NonEmpty,
  threadId: Type.Optional(Type.String()),
  origin: Type.String({ description: "What it belongs to: a run, a `send`, a pairing code." }),
  text: Type.String({ description: "Its beginning." }),
  state: OneOf("queued", "sending", "sent", "unknown", "failed"),
  problem: Type.Optional(Type.String()),
  providerId: Type.Optional(Type.String()),
  attempts: Type.Integer({ minimum: 0 }),
  queuedAt: Millis,
  expiresAt: Millis,
  sentAt: Type.Optional(Millis),
});
export type OutboxEntryShape = Static<typeof OutboxEntry>;

/** A sender who has asked to be let in and has been given a code. */
export const SenderRequest = Type.Object({
  channel: NonEmpty,
  accountId: NonEmpty,
  id: Type.String({ description: "The sender, as allowlists name them." }),
  name: Type.Optional(Type.String()),
  code: NonEmpty,
  createdAt: Millis,
  lastSeenAt: Millis,
  expiresAt: Millis,
});
export type SenderRequestShape = Static<typeof SenderRequest>;

/** A sender who was let in by a code. */
export const PairedSender = Type.Object({
  channel: NonEmpty,
  id: Type.String(),
  name: Type.Optional(Type.String()),
  approvedAt: Millis,
});
export type PairedSenderShape = Static<typeof PairedSender>;
