/** The usage slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { budgets } from "./settings.ts";
import { usage as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const usage = withParts(slice, {
  methods,
  events,
  settings: [budgets],
  tables: [tables],
});
