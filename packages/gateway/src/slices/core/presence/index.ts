/** The presence slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { presence as slice } from "./slice.ts";

export const presence = withParts(slice, { area: "system", methods, events });
