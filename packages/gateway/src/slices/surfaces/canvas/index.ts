/** The canvas slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { canvasHost } from "./settings.ts";
import { canvas as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools.ts";

export const canvas = withParts(slice, {
  methods,
  events,
  settings: [canvasHost],
  tables: [tables],
  tools: () => tools,
  routes: (canvas) => [canvas],
});
