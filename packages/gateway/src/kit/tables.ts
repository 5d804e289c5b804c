/** A slice's tables: an append-only list of SQL steps; never edit a step that has been released. */
import type { Tables } from "../base/store.ts";

/** Defines the tables of a slice. Its schema version is the number of steps. */
export function defineTables(slice: string, steps: readonly string[]): Tables {
  return { slice, steps };
}
