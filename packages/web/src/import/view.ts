// The page of older installations as the shell sees it; the overview leads to it where one was found.

import { overviewIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const importView: View = {
  id: "import",
  get label() {
    return t("Older installations");
  },
  icon: overviewIcon,
  scope: "admin",
  isListed: false,
  element: async () => (await import("./import-page.ts")).ImportElement,
};
