/** The hooks slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { hooks as settings } from "./settings.ts";
import { hooks as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const hooks = withParts(slice, { methods, settings: [settings], tables: [tables], routes: (hooks) => [hooks] });
