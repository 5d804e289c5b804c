/** The system slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { system as slice } from "./slice.ts";

export const system = withParts(slice, {
  methods,
  events,
});
