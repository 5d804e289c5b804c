/** The push slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { push as settings } from "./settings.ts";
import { push as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const push = withParts(slice, { methods, settings: [settings], tables: [tables] });
