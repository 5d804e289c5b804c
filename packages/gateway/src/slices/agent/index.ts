/** The agent slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { models } from "./settings.ts";
import { tables } from "./tables.ts";

export const agent = defineSlice("agent", {
  methods: Object.values(methods),
  events: Object.values(events),
  settings: [models],
  tables: [tables],
});
