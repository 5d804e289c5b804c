/** The config-file slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { configFile as slice } from "./slice.ts";

export const configFile = withParts(slice, { area: "setup", methods, events });
