/** The approvals slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { commands } from "./commands.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { approvals as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools.ts";

export const approvals = withParts(slice, {
  methods,
  events,
  tables: [tables],
  tools: () => tools,
  commands: () => commands,
});
