// The channels page as the shell sees it: how many senders wait to be let in, and whether an account is in trouble.

import { channelsIcon } from "../chat/icons.ts";
import { defineView, type Mark } from "../view.ts";
import { t } from "../words/t.ts";
import { Channels } from "./channels.ts";
import { type ChannelsState, isTroubled } from "./state.ts";

export const channelsView = defineView({
  id: "channels",
  get label() {
    return t("Channels");
  },
  icon: channelsIcon,
  scope: "read",
  open: (host) => new Channels(host),
  badge: marksOf,
  element: async () => (await import("./page.ts")).ChannelsElement,
});

function marksOf({ channels, pending }: ChannelsState): Mark[] {
  return [
    ...(channels.some(({ accounts }) => accounts.some(isTroubled))
      ? [{ kind: "trouble" as const, words: t("an account needs attention") }]
      : []),
    ...(pending.length > 0
      ? [{ kind: "count" as const, count: pending.length, words: t("waiting to be let in") }]
      : []),
  ];
}
