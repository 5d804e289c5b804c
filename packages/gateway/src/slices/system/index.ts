/** The system slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";

export const system = defineSlice("system", {
  methods: Object.values(methods),
  events: Object.values(events),
});
