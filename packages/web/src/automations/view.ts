// The automations page as the shell sees it.

import { clockIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const automationsView: View = {
  id: "automations",
  get label() {
    return t("Automations");
  },
  icon: clockIcon,
  scope: "read",
  element: async () => (await import("./automations.ts")).AutomationsElement,
};
