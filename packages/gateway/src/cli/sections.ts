/** The sections of the config file, for checking it without a gateway. Imported on first use: it brings all schemas along. */

import type { ConfigSection } from "../base/config/config.ts";
import { CHANNELS_SECTION, SETTINGS, TABLES } from "../catalog.ts";
import { CHANNELS } from "../channels/index.ts";
import type { Schema } from "../kit/schema/validate.ts";
import type { SettingsDefinition } from "../kit/settings.ts";
import { settings } from "../server/settings.ts";
import { type NamedSettings, type NameProblem, namesIn } from "../slices/surfaces/messaging/in/names.ts";

/** The gateway's tables, for repairing its database without it. */
export { TABLES };

/** All sections, in the order of the file. */
export const SECTIONS: readonly ConfigSection<unknown>[] = [settings, ...SETTINGS];

/** Names in a config file where only ids have an effect; `values` are its sections by path. */
export function namesInConfig(values: ReadonlyMap<string, unknown>): NameProblem[] {
  const { identityLinks } = (values.get("session") ?? {}) as Pick<NamedSettings, "identityLinks">;
  const { bySender } = (values.get("tools") ?? {}) as Pick<NamedSettings, "bySender">;
  const channels = (values.get(CHANNELS_SECTION.path) ?? {}) as NamedSettings["channels"];
  const bindings = (values.get("bindings") ?? []) as NamedSettings["bindings"];
  return namesIn({ channels, bindings, identityLinks, bySender }, CHANNELS);
}

/** The names of the settings at a path, and of the sections when it is empty; none where any name is allowed. */
export function settingsUnder(path: readonly string[]): string[] {
  const [section, ...rest] = path;
  if (section === undefined) return SECTIONS.map((each) => each.path);
  let here = (SECTIONS.find((each) => each.path === section) as Partial<SettingsDefinition> | undefined)?.schema as
    | Schema
    | undefined;
  for (const name of rest) here = here?.properties?.[name] ?? Object.values(here?.patternProperties ?? {})[0];
  return Object.keys(here?.properties ?? {});
}
