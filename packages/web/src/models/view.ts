// The models page as the shell sees it.

import { modelsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const modelsView: View = {
  id: "models",
  get label() {
    return t("Models");
  },
  icon: modelsIcon,
  scope: "admin",
  isListed: false,
  element: async () => (await import("./page.ts")).ModelsElement,
};
