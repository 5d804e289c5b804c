/** The traces slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { keysIn } from "./keys.ts";
import { traces as settings } from "./settings.ts";
import { traces as slice } from "./slice.ts";

export const traces = withParts(slice, { settings: [settings], secretsIn: keysIn });
