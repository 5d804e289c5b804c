/** A slice: a folder that owns one noun, from wire schema to SQL. This is the part of it that can be read without running. */
import type { Tables } from "../base/store.ts";
import type { EventDefinition } from "./event.ts";
import type { Method } from "./method.ts";
import type { SettingsDefinition } from "./settings.ts";

export interface Slice {
  readonly name: string;
  readonly methods: readonly Method[];
  // biome-ignore lint/suspicious/noExplicitAny: payload types differ from event to event and are checked where they are published
  readonly events: readonly EventDefinition<any>[];
  readonly settings: readonly SettingsDefinition[];
  readonly tables: readonly Tables[];
}

/** Names a slice's parts for the catalog. */
export function defineSlice(name: string, parts: Partial<Omit<Slice, "name">>): Slice {
  return { name, methods: [], events: [], settings: [], tables: [], ...parts };
}
