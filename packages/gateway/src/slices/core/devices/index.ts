/** The devices slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { devices as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const devices = withParts(slice, {
  methods,
  events,
  tables: [tables],
});
