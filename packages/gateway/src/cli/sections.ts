/** The sections of the config file, for checking it without a gateway. Loaded on first use: they bring the schemas along. */

import type { ConfigSection } from "../base/config.ts";

/** All sections, in the order of the file. */
export async function loadSections(): Promise<readonly ConfigSection<unknown>[]> {
  const [{ settings }, { SETTINGS }] = await Promise.all([import("../server/settings.ts"), import("../catalog.ts")]);
  return [settings, ...SETTINGS];
}
