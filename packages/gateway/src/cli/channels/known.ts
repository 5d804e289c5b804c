/** The channels that a gateway has, and finding the one that somebody names. */

import type { ChannelsStatusParams, ChannelsStatusResult } from "@moltbot/protocol";
import { usageError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";
import type { Link } from "../reach/connect.ts";

/** A channel as `channels.status` describes it. */
export type ChannelMeta = NonNullable<ChannelsStatusResult["channelMeta"]>[number];

/** Over which channel; the only one there is may be left out. */
export const channelFlag = {
  channel: {
    kind: "text",
    value: "NAME",
    summary: "Over which channel (the only one there is)",
    completes: "channel",
  },
} as const;

/** The account flag, the same in every command that needs one. */
export const accountFlag = {
  account: { kind: "text", value: "NAME", summary: "Which of the channel's accounts (default)" },
} as const;

/** How long a probe may take beside the answer itself, in milliseconds. */
const PROBE_MS = 30_000;

/** Everything the gateway knows of its channels. */
export async function readChannels({ client, timeoutMs }: Link, params: ChannelsStatusParams = {}) {
  const limitMs = params.probe ? Math.max(timeoutMs, PROBE_MS) : timeoutMs;
  return await client.request("channels.status", params, { timeoutMs: limitMs });
}

/** The channel of this name. Throws a usage error that names the nearest one, or all. */
export function findChannel({ channelMeta = [] }: ChannelsStatusResult, word: string): ChannelMeta {
  const wanted = word.trim().toLowerCase();
  const found = channelMeta.find(({ id, label }) => id === wanted || label.toLowerCase() === wanted);
  if (found) return found;
  const ids = channelMeta.map(({ id }) => id);
  const close = nearest(wanted, ids);
  const hint = close === undefined ? `There are ${ids.join(", ")}.` : `Did you mean ${close}?`;
  throw usageError(`There is no channel ${JSON.stringify(word)}. ${hint}`);
}

/** Checks a channel's name before anything is asked with it; undefined stays undefined. */
export async function checkedChannel(link: Link, word: string | undefined): Promise<string | undefined> {
  return word === undefined ? undefined : findChannel(await readChannels(link), word).id;
}

/** Whether a channel can be linked by a code that is typed on the phone, instead of a QR code. */
export function linksByPhone({ id }: ChannelMeta): boolean {
  return id === "whatsapp";
}

/** How an account is called: the channel's name, with its own when it is not the only kind. */
export function accountName(label: string, accountId: string): string {
  return accountId === "default" ? label : `${label} (${accountId})`;
}
