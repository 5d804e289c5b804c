// What the page knows of channels, as one value that is replaced and never changed; and how its parts are put into words.

import type {
  AccountSnapshot,
  ChannelsStatusResult,
  InboxEntry,
  OutboxEntry,
  PairedSender,
  SenderRequest,
} from "@moltbot/protocol";
import { agoOf } from "../time.ts";
import { plural, t } from "../words/t.ts";
import type { GroupRule } from "./rules.ts";

/** A setting that an account of a channel can have. */
export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly isSecret: boolean;
}

/** A channel with its accounts. */
export interface Channel {
  readonly id: string;
  readonly label: string;
  readonly summary: string;
  /** Whether it is linked by a QR code or a code, not by a token. */
  readonly hasLogin: boolean;
  readonly settings: readonly Setting[];
  readonly accounts: readonly AccountSnapshot[];
}

/** Everything that the channels page shows. */
export interface ChannelsState {
  /** False until the gateway has answered once. */
  readonly isLoaded: boolean;
  readonly channels: readonly Channel[];
  readonly pending: readonly SenderRequest[];
  readonly approved: readonly PairedSender[];
  /** The newest inbound messages first. */
  readonly messages: readonly InboxEntry[];
  /** The rules about groups of the channels that are in use. */
  readonly groups: readonly GroupRule[];
  /** Messages of which it is not known whether they were sent. */
  readonly doubtful: readonly OutboxEntry[];
}

/** Before anything is known. */
export const NO_CHANNELS: ChannelsState = {
  isLoaded: false,
  channels: [],
  pending: [],
  approved: [],
  messages: [],
  groups: [],
  doubtful: [],
};

/** Reads what `channels.status` returns. */
export function readChannels({ channelMeta = [], channelAccounts }: ChannelsStatusResult): Channel[] {
  return channelMeta.map(({ id, label, summary = "", login = false, settings = [] }) => ({
    ...{ id, label, summary, settings },
    hasLogin: login,
    accounts: channelAccounts[id] ?? [],
  }));
}

/** The channels with one account replaced by what an event says of it. */
export function withAccount(channels: readonly Channel[], id: string, account: AccountSnapshot): readonly Channel[] {
  return channels.map((channel) => {
    if (channel.id !== id) return channel;
    const isKnown = channel.accounts.some(({ accountId }) => accountId === account.accountId);
    const accounts = isKnown
      ? channel.accounts.map((each) => (each.accountId === account.accountId ? account : each))
      : [...channel.accounts, account];
    return { ...channel, accounts };
  });
}

/** How a state looks: `off` is as somebody wanted it. */
export type Mood = "good" | "busy" | "bad" | "off";

/** The mood and the words of an account's state. */
export function stateOf({ state, linked, nextAttemptAt }: AccountSnapshot): { mood: Mood; words: string } {
  // It waits for a phone; nothing is wrong with it.
  if (state === "unconfigured" && linked === false) return { mood: "busy", words: t("Not linked") };
  switch (state) {
    case "connected":
      return { mood: "good", words: t("Connected") };
    case "starting":
      return { mood: "busy", words: t("Connecting") };
    case "waiting": {
      const seconds = Math.ceil(((nextAttemptAt ?? 0) - Date.now()) / 1000);
      return { mood: "busy", words: seconds > 0 ? t("Next try in {0} s", seconds) : t("Trying again") };
    }
    case "failed":
      return { mood: "bad", words: t("Failed") };
    case "unconfigured":
      return { mood: "bad", words: t("Not ready") };
    case "stopped":
      return { mood: "off", words: t("Stopped") };
    case "disabled":
      return { mood: "off", words: t("Switched off") };
  }
}

/** What became of an inbound message, or how far it is. */
export function outcomeOf({ outcome, state }: InboxEntry): { mood: Mood; words: string } {
  switch (outcome) {
    case "replied":
      return { mood: "good", words: t("Answered") };
    case "noted":
      return { mood: "off", words: t("Noted") };
    case "suppressed":
      return { mood: "busy", words: t("Not answered") };
    case "unread":
      return { mood: "off", words: t("Not readable here") };
    case "failed":
      return { mood: "bad", words: t("Failed") };
    case "expired":
      return { mood: "bad", words: t("Too late") };
    default:
      return { mood: "busy", words: state === "running" ? t("Being answered") : t("Waiting") };
  }
}

/** Who an account is, and when something last came and went. */
export function factsOf({ self, lastInboundAt, lastOutboundAt, queued }: AccountSnapshot): string {
  const facts = [
    self === undefined ? undefined : (self.name ?? self.id),
    lastInboundAt === undefined ? undefined : t("last in {0}", agoOf(lastInboundAt)),
    lastOutboundAt === undefined ? undefined : t("last out {0}", agoOf(lastOutboundAt)),
    queued > 0 ? plural(queued, "{0} waiting to be sent", "{0} waiting to be sent") : undefined,
  ];
  return facts.filter((fact) => fact !== undefined).join(" · ");
}

/** How an account is called beside its channel; nothing for the only usual one. */
export function accountLabel({ accountId, name }: AccountSnapshot): string {
  return name ?? (accountId === "default" ? "" : accountId);
}

/** The name of a channel. */
export function labelOf(channels: readonly Channel[], id: string): string {
  return channels.find((channel) => channel.id === id)?.label ?? id.charAt(0).toUpperCase() + id.slice(1);
}
