// What the page knows of channels, as one value that is replaced and never changed.

import type {
  AccountSnapshot,
  ChannelsStatusResult,
  InboxEntry,
  OutboxEntry,
  PairedSender,
  SenderRequest,
} from "@moltbot/protocol";
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

/** Whether an account needs somebody. One that waits for a phone does not: nothing is wrong with it. */
export function isTroubled({ state, linked }: AccountSnapshot): boolean {
  return state === "failed" || (state === "unconfigured" && linked !== false);
}
