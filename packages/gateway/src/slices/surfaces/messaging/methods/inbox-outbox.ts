/** Methods about the inbox and the outbox. */

import { Type } from "@sinclair/typebox";
import { hasScope } from "../../../../kit/access.ts";
import { IdempotencyKey, MAX_NUMBER } from "../../../../kit/schema/schema.ts";
import { InboxEntry, OutboxEntry } from "../schema.ts";
import { defineMethod } from "../slice.ts";
import { Account } from "./params.ts";

export const inboxList = defineMethod({
  name: "inbox.list",
  summary: "The newest inbound messages and what was decided about each.",
  access: "operator.read",
  params: {
    ...Account,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    before: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_NUMBER, description: "Only entries with a smaller id." }),
    ),
  },
  result: Type.Object({ entries: Type.Array(InboxEntry) }),
  handler: ({ params, gateway }) => ({ entries: gateway.messaging.inbox.entries.list(params) }),
});

export const inboxWhy = defineMethod({
  name: "inbox.why",
  summary: "Why a message was answered or not: its outcome, the rule, and the line of the config that decided it.",
  access: "operator.read",
  params: {
    message: Type.Optional(Type.String({ maxLength: 512, description: "Its id, the platform's id, or last." })),
  },
  result: Type.Object({
    entry: InboxEntry,
    config: Type.Optional(
      Type.Object({
        path: Type.String(),
        line: Type.Optional(Type.Integer()),
        value: Type.Optional(Type.Unknown({ description: "What stands there; told with operator.admin only." })),
        isDefault: Type.Boolean(),
      }),
    ),
    binding: Type.Optional(Type.Object({ path: Type.String(), line: Type.Optional(Type.Integer()) })),
    parts: Type.Array(OutboxEntry),
    traceId: Type.Optional(Type.String({ description: "Its trace, where traces are sent." })),
  }),
  handler: ({ params, gateway, caller }) =>
    gateway.messaging.why(params.message ?? "last", hasScope(caller.scopes, "operator.admin")),
});

export const outboxList = defineMethod({
  name: "outbox.list",
  summary: "The newest messages to channels and how far each is.",
  access: "operator.read",
  params: {
    ...Account,
    state: Type.Optional(Type.String({ maxLength: 16 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  },
  result: Type.Object({ entries: Type.Array(OutboxEntry) }),
  handler: ({ params, gateway }) => ({ entries: gateway.messaging.outbox.entries.list(params) }),
});

export const outboxResend = defineMethod({
  name: "outbox.resend",
  summary: "Sends a message again that has failed, or of which it is not known whether it was sent.",
  access: "operator.write",
  params: { id: Type.Integer({ minimum: 1, maximum: MAX_NUMBER }), idempotencyKey: Type.Optional(IdempotencyKey) },
  result: Type.Object({ entry: OutboxEntry }),
  handler: ({ params, gateway }) => ({ entry: gateway.messaging.outgoing.resend(params.id) }),
});

export const outboxDiscard = defineMethod({
  name: "outbox.discard",
  summary: "Gives up a message that waits, or of which it is not known whether it was sent.",
  access: "operator.write",
  params: { id: Type.Integer({ minimum: 1, maximum: MAX_NUMBER }) },
  result: Type.Object({ entry: OutboxEntry }),
  handler: ({ params, gateway }) => ({ entry: gateway.messaging.outgoing.discard(params.id) }),
});
