// The agents page as the shell sees it.

import { agentsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const agentsView: View = {
  id: "agents",
  get label() {
    return t("Agents");
  },
  icon: agentsIcon,
  scope: "read",
  element: async () => (await import("./agents-page.ts")).AgentsElement,
};
