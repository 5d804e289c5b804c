/** The skills slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { skills as settings } from "./settings.ts";
import { skills as slice } from "./slice.ts";
import { tools } from "./tools.ts";

export const skills = withParts(slice, { methods, settings: [settings], tools: () => tools });
