/** The discovery slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { discovery as settings } from "./settings.ts";
import { discovery as slice } from "./slice.ts";

export const discovery = withParts(slice, { methods, settings: [settings] });
