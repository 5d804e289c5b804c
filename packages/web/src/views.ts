// The pages beside the conversations, in the order of the sidebar.

import { automationsView } from "./automations/view.ts";
import { channelsView } from "./channels/view.ts";
import { devicesView } from "./devices/view.ts";
import { logsView } from "./logs/view.ts";
import { modelsView } from "./models/view.ts";
import { settingsView } from "./settings/view.ts";
import { toolsView } from "./tools/view.ts";
import type { View } from "./view.ts";

export const VIEWS: readonly View[] = [
  channelsView,
  modelsView,
  toolsView,
  automationsView,
  devicesView,
  logsView,
  settingsView,
];
