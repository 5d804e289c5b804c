// The settings page as the shell sees it.

import { settingsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const settingsView: View = {
  id: "settings",
  get label() {
    return t("Settings");
  },
  icon: settingsIcon,
  scope: "admin",
  element: async () => (await import("./settings-page.ts")).SettingsElement,
};
