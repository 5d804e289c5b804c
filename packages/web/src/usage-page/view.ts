// The usage page as the shell sees it.

import { usageIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";

export const usageView: View = {
  id: "usage",
  label: "Usage",
  icon: usageIcon,
  scope: "read",
  element: async () => (await import("./usage-page.ts")).UsagePageElement,
};
