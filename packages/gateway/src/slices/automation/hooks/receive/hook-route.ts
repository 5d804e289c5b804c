/** Finds the hooks of a path. */
import { isAt, mappingsOf, type NamedMapping } from "../actions/mapping.ts";
import type { HooksSettings } from "../settings.ts";

/** The hooks of a path. */
export interface HookRoute {
  /** What follows `hooks.path`, without slashes around it. */
  readonly path: string;
  readonly builtIn: "wake" | "agent" | undefined;
  /** In the order of the settings. */
  readonly mappings: readonly NamedMapping[];
}

/** Finds the hooks of a path below `hooks.path`. */
export function routeAt(settings: HooksSettings, path: string): HookRoute {
  const inner = path.slice(settings.path.length).replace(/^\/+|\/+$/g, "");
  const builtIn = inner === "wake" || inner === "agent" ? inner : undefined;
  const mappings = builtIn ? [] : mappingsOf(settings).filter((mapping) => isAt(mapping, inner));
  return { path: inner, builtIn, mappings };
}

/** What a refused call was meant for, as far as the settings know it. */
export function nameOf({ builtIn, mappings }: HookRoute): string {
  return builtIn ?? mappings[0]?.id ?? "unknown";
}
