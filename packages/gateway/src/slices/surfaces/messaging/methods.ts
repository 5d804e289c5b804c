/** Methods about channels and what goes over them. */
import { Type } from "@sinclair/typebox";
import { DurationMs, IdempotencyKey, Ignored, MAX_NUMBER, Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { AccountSnapshot, InboxEntry, OutboxEntry, PairedSender, SenderRequest } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Name = Type.Optional(Type.String({ maxLength: 128 }));
const Target = Type.String({
  minLength: 1,
  maxLength: 512,
  description: "A person or chat as the channel writes them: +15550100, @name, a chat id.",
});
const Account = { channel: Name, accountId: Name };
const Where = { ...Account, to: Target, threadId: Name };
const ChannelId = Type.String({ minLength: 1, maxLength: 64 });
/** Settings of an account as the config file holds them. */
const Settings = Type.Record(Type.String({ maxLength: 64 }), Type.Unknown());

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

export const settingsNames = defineMethod({
  name: "channels.names",
  summary: "Names in the settings that have no effect, since only ids give rights, each with what to put there.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    problems: Type.Array(
      Type.Object({
        setting: Type.String({ description: "The dotted path of the entry." }),
        says: Type.String(),
        fix: Type.String(),
      }),
    ),
  }),
  handler: ({ gateway }) => ({ problems: gateway.messaging.namesInSettings() }),
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

const Labels = Type.Record(Type.String(), Type.String());

export const channelsStatus = defineMethod({
  name: "channels.status",
  summary: "All channels and their accounts; with `probe` each is asked whether its credentials work.",
  access: "operator.read",
  params: { probe: Type.Optional(Type.Boolean()), timeoutMs: Type.Optional(DurationMs) },
  result: Type.Object({
    ts: Millis,
    channelOrder: Type.Array(NonEmpty),
    channelLabels: Labels,
    channelDetailLabels: Type.Optional(Labels),
    channelSystemImages: Type.Optional(Labels),
    channelMeta: Type.Optional(
      Type.Array(
        Type.Object({
          id: NonEmpty,
          label: NonEmpty,
          detailLabel: NonEmpty,
          systemImage: Type.Optional(Type.String()),
          summary: Type.Optional(Type.String()),
          login: Type.Optional(Type.Boolean({ description: "Linked by a QR code or a code, not by a token." })),
          settings: Type.Optional(
            Type.Array(
              Type.Object({
                name: NonEmpty,
                description: Type.String(),
                isSecret: Type.Boolean(),
              }),
            ),
          ),
        }),
      ),
    ),
    channels: Type.Record(Type.String(), Type.Unknown()),
    channelAccounts: Type.Record(Type.String(), Type.Array(AccountSnapshot)),
    channelDefaultAccountId: Labels,
  }),
  handler: ({ params, gateway, signal }) => gateway.messaging.standing.status(params, signal),
});

const AccountParams = { channel: ChannelId, accountId: Name };

export const channelsStart = defineMethod({
  name: "channels.start",
  summary: "Starts an account that was stopped or has failed.",
  access: "operator.admin",
  params: AccountParams,
  result: Type.Object({ channel: NonEmpty, accountId: NonEmpty, started: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.messaging.accounts.start(params),
});

export const channelsStop = defineMethod({
  name: "channels.stop",
  summary: "Stops an account until it is started again or the gateway restarts.",
  access: "operator.admin",
  params: AccountParams,
  result: Type.Object({ channel: NonEmpty, accountId: NonEmpty, stopped: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.messaging.accounts.stop(params),
});

export const channelsAdd = defineMethod({
  name: "channels.add",
  summary: "Adds an account or changes its settings; its credentials are tried before anything is saved.",
  access: "operator.admin",
  params: {
    ...AccountParams,
    settings: Settings,
    force: Type.Optional(Type.Boolean({ description: "Saves them although the platform refused or cannot be asked." })),
  },
  result: Type.Object({
    channel: NonEmpty,
    accountId: NonEmpty,
    self: Type.Optional(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
    next: Type.Optional(Type.String({ description: "What is left to do, as a sentence." })),
  }),
  handler: ({ params, gateway, signal }) => gateway.messaging.setup.add(params, signal),
});

export const channelsRemove = defineMethod({
  name: "channels.remove",
  summary: "Removes an account from the settings and forgets its session.",
  access: "operator.admin",
  params: AccountParams,
  result: Type.Object({ channel: NonEmpty, accountId: NonEmpty, removed: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.messaging.setup.remove(params),
});

export const channelsLogout = defineMethod({
  name: "channels.logout",
  summary: "Ends an account's session on the platform and forgets it here.",
  access: "operator.admin",
  params: AccountParams,
  result: Type.Object({
    channel: NonEmpty,
    accountId: NonEmpty,
    cleared: Type.Boolean(),
    loggedOut: Type.Optional(Type.Boolean()),
  }),
  handler: ({ params, gateway, signal }) => gateway.messaging.setup.logout(params, signal),
});

const QrUrl = Type.String({ maxLength: 100_000 });
const Qr = {
  qrDataUrl: Type.Optional(Type.String({ description: "The QR code as a picture (SVG or PNG data URL)." })),
  qrText: Type.Optional(Type.String({ description: "What the QR code says, for terminals." })),
  expiresAt: Type.Optional({
    ...Millis,
    description: "When the QR code is no longer good, if no newer one comes first.",
  }),
  code: Type.Optional(Type.String({ description: "The code to type on the phone." })),
  message: Type.String(),
};

export const loginStart = defineMethod({
  name: "web.login.start",
  summary: "Begins to link an account: answers with a QR code, or a code to type on the phone.",
  access: "operator.admin",
  params: {
    force: Type.Optional(Type.Boolean({ description: "Ends a session that is there already." })),
    timeoutMs: Type.Optional(DurationMs),
    verbose: Type.Optional(Type.Boolean()),
    accountId: Name,
    channel: Name,
    phoneNumber: Type.Optional(Type.String({ maxLength: 32, description: "Link by a code typed on this phone." })),
  },
  result: Type.Object({ ...Qr, connected: Type.Optional(Type.Boolean()) }),
  handler: ({ params, gateway }) => gateway.messaging.logins.start(params),
});

export const loginWait = defineMethod({
  name: "web.login.wait",
  summary: "Waits until an account is linked; answers early with a new QR code when the one shown is no longer good.",
  access: "operator.admin",
  params: {
    timeoutMs: Type.Optional(DurationMs),
    accountId: Name,
    channel: Name,
    currentQrDataUrl: Type.Optional(QrUrl),
  },
  result: Type.Object({ ...Qr, connected: Type.Boolean() }),
  handler: ({ params, gateway, signal }) => gateway.messaging.logins.wait(params, signal),
});

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
        value: Type.Unknown(),
        isDefault: Type.Boolean(),
      }),
    ),
    binding: Type.Optional(Type.Object({ path: Type.String(), line: Type.Optional(Type.Integer()) })),
    parts: Type.Array(OutboxEntry),
    traceId: Type.Optional(Type.String({ description: "Its trace, where traces are sent." })),
  }),
  handler: ({ params, gateway }) => gateway.messaging.why(params.message ?? "last"),
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
