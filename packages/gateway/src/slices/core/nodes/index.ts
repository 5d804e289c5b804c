/** The nodes slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods/index.ts";
import { nodes as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const nodes = withParts(slice, { area: "node", methods, events, tables: [tables] });
