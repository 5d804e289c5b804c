// The sessions page as the shell sees it.

import { sessionsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";

export const sessionsView: View = {
  id: "sessions",
  label: "Sessions",
  icon: sessionsIcon,
  scope: "read",
  element: async () => (await import("./sessions-page.ts")).SessionsElement,
};
