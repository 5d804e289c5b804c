// The runs page as the shell sees it.

import { runsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const runsView: View = {
  id: "runs",
  get label() {
    return t("Runs");
  },
  icon: runsIcon,
  scope: "read",
  element: async () => (await import("./runs-page.ts")).RunsElement,
};
