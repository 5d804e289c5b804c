/** The mail slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { keysIn } from "./keys.ts";
import * as methods from "./methods.ts";
import { mail as settings } from "./settings.ts";
import { mail as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const mail = withParts(slice, { methods, settings: [settings], tables: [tables], secretsIn: keysIn });
