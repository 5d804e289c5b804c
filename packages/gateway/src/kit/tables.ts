/** A slice's tables: an append-only list of SQL steps; never edit a step that has been released. */
import type { Tables } from "../base/store/store.ts";

/** Defines the tables of a slice. Its schema version is the number of steps. `finished` is for tables of work. */
export function defineTables(slice: string, steps: readonly string[], finished?: Tables["finished"]): Tables {
  return { slice, steps, ...(finished && { finished }) };
}
