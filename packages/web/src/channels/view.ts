// The channels page as the shell sees it: how many senders wait to be let in, and whether an account is in trouble.

import { channelsIcon } from "../chat/icons.ts";
import { defineView, type Mark } from "../view.ts";
import { Channels } from "./channels.ts";
import { type ChannelsState, stateOf } from "./state.ts";

export const channelsView = defineView({
  id: "channels",
  label: "Channels",
  icon: channelsIcon,
  scope: "read",
  open: (host) => new Channels(host),
  badge: marksOf,
  element: async () => (await import("./page.ts")).ChannelsElement,
});

function marksOf({ channels, pending }: ChannelsState): Mark[] {
  const isTroubled = channels.some(({ accounts }) => accounts.some((each) => stateOf(each).mood === "bad"));
  return [
    ...(isTroubled ? [{ kind: "trouble" as const, words: "an account needs attention" }] : []),
    ...(pending.length > 0 ? [{ kind: "count" as const, count: pending.length, words: "waiting to be let in" }] : []),
  ];
}
