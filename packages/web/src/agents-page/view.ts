// The agents page as the shell sees it.

import { agentsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";

export const agentsView: View = {
  id: "agents",
  label: "Agents",
  icon: agentsIcon,
  scope: "read",
  element: async () => (await import("./agents-page.ts")).AgentsElement,
};
