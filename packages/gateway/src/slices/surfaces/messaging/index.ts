/** The messaging slice's parts. The `channels` section is added by the catalog, which knows the channels. */
import { withParts } from "../../../kit/slice.ts";
import { commands } from "./commands.ts";
import * as events from "./events.ts";
import * as methods from "./methods/index.ts";
import { bindings, messages } from "./settings.ts";
import { messaging as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools.ts";

export const messaging = withParts(slice, {
  routes: ({ webhooks }) => [webhooks],
  methods,
  events,
  settings: [messages, bindings],
  tables: [tables],
  tools: () => tools,
  commands: () => commands,
});
