/** The backup slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { keysIn } from "./keys.ts";
import * as methods from "./methods.ts";
import { backup as settings } from "./settings.ts";
import { backup as slice } from "./slice.ts";

export const backup = withParts(slice, { methods, settings: [settings], secretsIn: keysIn });
