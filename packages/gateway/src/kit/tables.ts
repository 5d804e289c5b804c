/** A slice's tables: an append-only list of SQL steps; never edit a step that has been released. */
import type { Tables } from "../base/store/store.ts";

/** Defines the tables of a slice. Its schema version is the number of steps. `work` is for tables of work. */
export function defineTables(
  slice: string,
  steps: readonly string[],
  work: Pick<Tables, "finished" | "carriedOver" | "carriedFiles"> = {},
): Tables {
  return { slice, steps, ...work };
}
