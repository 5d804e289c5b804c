/** The overview slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { overview as slice } from "./slice.ts";

export const overview = withParts(slice, { area: "system", methods, events });
