// The automations page as the shell sees it.

import { clockIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";

export const automationsView: View = {
  id: "automations",
  label: "Automations",
  icon: clockIcon,
  scope: "read",
  element: async () => (await import("./automations.ts")).AutomationsElement,
};
