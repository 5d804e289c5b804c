// The devices page as the shell sees it: how many devices and nodes wait to be let in.

import { devicesIcon } from "../chat/icons.ts";
import { defineView } from "../view.ts";
import { t } from "../words/t.ts";
import { Devices } from "./known-devices.ts";

export const devicesView = defineView({
  id: "devices",
  get label() {
    return t("Devices");
  },
  icon: devicesIcon,
  scope: "read",
  open: (host) => new Devices(host),
  badge: ({ pairing, nodeRequests }) => {
    const count = (pairing?.pending.length ?? 0) + nodeRequests.filter(({ kind }) => kind !== "device").length;
    return count === 0 ? [] : [{ kind: "count", count, words: t("waiting to be let in") }];
  },
  element: async () => (await import("./devices-page.ts")).DevicesElement,
});
