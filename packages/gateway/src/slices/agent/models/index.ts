/** The models slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { keysIn } from "./keys.ts";
import * as methods from "./methods.ts";
import { models as settings } from "./settings.ts";
import { models as slice } from "./slice.ts";

export const models = withParts(slice, {
  secretsIn: keysIn,
  methods,
  settings: [settings],
});
