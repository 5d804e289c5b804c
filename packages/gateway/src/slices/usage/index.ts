/** The usage slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { budgets } from "./settings.ts";
import { tables } from "./tables.ts";

export const usage = defineSlice("usage", {
  methods: Object.values(methods),
  events: Object.values(events),
  settings: [budgets],
  tables: [tables],
});
