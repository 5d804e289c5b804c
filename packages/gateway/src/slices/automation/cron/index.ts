/** The cron slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as events from "./events.ts";
import * as methods from "./methods.ts";
import { cron as settings } from "./settings.ts";
import { cron as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const cron = withParts(slice, { methods, events, settings: [settings], tables: [tables] });
