/** The heartbeat slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { heartbeat as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const heartbeat = withParts(slice, { area: "system", methods, events, tables: [tables] });
