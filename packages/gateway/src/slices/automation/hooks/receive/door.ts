/** Which hooks stand behind a path. */
import { isAt, mappingsOf, type NamedMapping } from "../actions/mapping.ts";
import type { HooksSettings } from "../settings.ts";

/** What stands behind a path. */
export interface Door {
  /** What follows `hooks.path`, without slashes around it. */
  readonly path: string;
  readonly builtIn: "wake" | "agent" | undefined;
  /** In the order of the settings. */
  readonly mappings: readonly NamedMapping[];
}

/** What stands behind a path of hooks. */
export function doorAt(settings: HooksSettings, path: string): Door {
  const inner = path.slice(settings.path.length).replace(/^\/+|\/+$/g, "");
  const builtIn = inner === "wake" || inner === "agent" ? inner : undefined;
  const mappings = builtIn ? [] : mappingsOf(settings).filter((mapping) => isAt(mapping, inner));
  return { path: inner, builtIn, mappings };
}

/** What a refused call was meant for, as far as the settings know it. */
export function nameOf({ builtIn, mappings }: Door): string {
  return builtIn ?? mappings[0]?.id ?? "unknown";
}
