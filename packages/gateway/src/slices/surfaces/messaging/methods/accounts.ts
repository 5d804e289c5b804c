/** Methods about channels and their accounts. */

import { Type } from "@sinclair/typebox";
import { DurationMs, Millis, NonEmpty } from "../../../../kit/schema/schema.ts";
import { AccountSnapshot } from "../schema.ts";
import { defineMethod } from "../slice.ts";
import { ChannelId, Name } from "./params.ts";

/** Settings of an account as the config file holds them. */
const Settings = Type.Record(Type.String({ maxLength: 64 }), Type.Unknown());

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
  handler: ({ gateway }) => ({ problems: gateway.messaging.ineffectiveSettings.names() }),
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
  handler: ({ params, gateway, signal }) => gateway.messaging.accountStatus.status(params, signal),
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
