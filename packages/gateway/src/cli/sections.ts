/** The sections of the config file, for checking it without a gateway. Imported on first use: it brings all schemas along. */

import type { ConfigSection } from "../base/config.ts";
import { SETTINGS } from "../catalog.ts";
import { settings } from "../server/settings.ts";

/** All sections, in the order of the file. */
export const SECTIONS: readonly ConfigSection<unknown>[] = [settings, ...SETTINGS];
