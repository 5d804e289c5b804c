/** The devices slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { tables } from "./tables.ts";

export const devices = defineSlice("devices", {
  methods: Object.values(methods),
  events: Object.values(events),
  tables: [tables],
});
