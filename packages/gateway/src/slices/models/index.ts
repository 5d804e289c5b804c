/** The models slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";
import { models as settings } from "./settings.ts";

export const models = defineSlice("models", {
  methods: Object.values(methods),
  settings: [settings],
});
