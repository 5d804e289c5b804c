// The pages beside the conversations, in the order of the sidebar.

import { agentsView } from "./agents-page/view.ts";
import { automationsView } from "./automations/view.ts";
import { channelsView } from "./channels/view.ts";
import { devicesView } from "./devices/view.ts";
import { importView } from "./import/view.ts";
import { logsView } from "./logs/view.ts";
import { modelsView } from "./models/view.ts";
import { overviewView } from "./overview/view.ts";
import { runsView } from "./runs-page/view.ts";
import { sessionsView } from "./sessions-page/view.ts";
import { settingsView } from "./settings/view.ts";
import { usageView } from "./usage-page/view.ts";
import type { View } from "./view.ts";

export const VIEWS: readonly View[] = [
  overviewView,
  channelsView,
  sessionsView,
  agentsView,
  automationsView,
  devicesView,
  usageView,
  runsView,
  logsView,
  settingsView,
  modelsView,
  importView,
];
