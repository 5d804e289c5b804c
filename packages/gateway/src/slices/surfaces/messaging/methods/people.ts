/** Methods about the people who were let in. */

import { Type } from "@sinclair/typebox";
import { NonEmpty } from "../../../../kit/schema/schema.ts";
import { PairedSender, SenderRequest } from "../schema.ts";
import { defineMethod } from "../slice.ts";
import { ChannelId, Name, Target } from "./params.ts";

export const pairingList = defineMethod({
  name: "pairing.list",
  summary: "Senders who wait to be let in, and those who were.",
  access: "operator.pairing",
  params: { channel: Name },
  result: Type.Object({ pending: Type.Array(SenderRequest), approved: Type.Array(PairedSender) }),
  handler: ({ params, gateway }) => gateway.messaging.pairing.list(params.channel),
});

export const channelsPairingList = defineMethod({
  name: "channels.pairing.list",
  summary: "Senders who wait to be let in, as pages of protocol 4 read them.",
  access: "operator.pairing",
  params: {},
  result: Type.Object({
    accounts: Type.Array(Type.Object({ channel: NonEmpty, accountId: NonEmpty })),
    requests: Type.Array(SenderRequest),
    commandOwnerConfigured: Type.Boolean({ description: "Whether some channel knows its owner." }),
    limits: Type.Object({ pendingPerAccount: Type.Integer({ minimum: 1 }), ttlMs: Type.Integer({ minimum: 1 }) }),
  }),
  handler: ({ gateway }) => gateway.messaging.pairingOverview(),
});

export const pairingApprove = defineMethod({
  name: "pairing.approve",
  summary: "Lets a sender in by the code that they were given.",
  access: "operator.pairing",
  params: {
    channel: ChannelId,
    code: Type.String({ minLength: 1, maxLength: 32 }),
    notify: Type.Optional(Type.Boolean()),
  },
  result: Type.Object({ channel: NonEmpty, id: Type.String(), name: Type.Optional(Type.String()) }),
  handler: ({ params, gateway }) => gateway.messaging.approve(params),
});

export const pairingRevoke = defineMethod({
  name: "pairing.revoke",
  summary: "Shuts out a sender who was let in, or turns away one who waits.",
  access: "operator.pairing",
  params: { channel: ChannelId, id: Target },
  result: Type.Object({ channel: NonEmpty, id: Type.String(), removed: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.messaging.revoke(params),
});
