/** A slice: a folder that owns one noun, from wire schema to SQL. This is the part of it that can be read without running. */
import type { Tables } from "../base/store.ts";
import type { Command } from "./command.ts";
import type { EventDefinition } from "./event.ts";
import type { Method } from "./method.ts";
import type { SettingsDefinition } from "./settings.ts";
import type { Tool } from "./tool.ts";

export interface Slice {
  readonly name: string;
  readonly methods: readonly Method[];
  // biome-ignore lint/suspicious/noExplicitAny: payload types differ from event to event and are checked where they are published
  readonly events: readonly EventDefinition<any>[];
  readonly settings: readonly SettingsDefinition[];
  readonly tables: readonly Tables[];
  /** What models may call; a slice with tools stands anywhere in the list. */
  readonly tools: readonly Tool[];
  /** What people may type in any conversation. */
  readonly commands: readonly Command[];
}

/** Names a slice's parts for the catalog. */
export function defineSlice(name: string, parts: Partial<Omit<Slice, "name">>): Slice {
  return { name, methods: [], events: [], settings: [], tables: [], tools: [], commands: [], ...parts };
}
