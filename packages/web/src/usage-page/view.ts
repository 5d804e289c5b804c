// The usage page as the shell sees it.

import { usageIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const usageView: View = {
  id: "usage",
  get label() {
    return t("Usage");
  },
  icon: usageIcon,
  scope: "read",
  element: async () => (await import("./usage-page.ts")).UsagePageElement,
};
