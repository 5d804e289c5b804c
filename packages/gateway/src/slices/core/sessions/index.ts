/** The sessions slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods/index.ts";
import { session } from "./settings.ts";
import { sessions as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const sessions = withParts(slice, {
  methods,
  events,
  settings: [session],
  tables: [tables],
});
