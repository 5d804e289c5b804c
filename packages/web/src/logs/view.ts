// The logs page as the shell sees it.

import { logsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const logsView: View = {
  id: "logs",
  get label() {
    return t("Logs");
  },
  icon: logsIcon,
  scope: "read",
  element: async () => (await import("./logs-page.ts")).LogsElement,
};
