/** The update slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { update as settings } from "./settings.ts";
import { update as slice } from "./slice.ts";

export const update = withParts(slice, { methods, settings: [settings] });
