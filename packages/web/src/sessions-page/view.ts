// The sessions page as the shell sees it.

import { sessionsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const sessionsView: View = {
  id: "sessions",
  get label() {
    return t("Sessions");
  },
  icon: sessionsIcon,
  scope: "read",
  element: async () => (await import("./sessions-page.ts")).SessionsElement,
};
