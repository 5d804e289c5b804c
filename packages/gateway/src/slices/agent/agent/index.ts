/** The agent slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { commands } from "./commands/index.ts";
import * as events from "./events.ts";
import { keysIn } from "./keys.ts";
import * as methods from "./methods.ts";
import { tools as toolSettings } from "./settings.ts";
import { agent as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools/index.ts";

export const agent = withParts(slice, {
  secretsIn: keysIn,
  methods,
  events,
  settings: [toolSettings],
  tables: [tables],
  tools: () => tools,
  commands: () => commands,
});
