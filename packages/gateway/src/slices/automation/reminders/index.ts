/** The reminders slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { commands } from "./commands.ts";
import * as methods from "./methods.ts";
import { reminders as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools.ts";

export const reminders = withParts(slice, { methods, commands: () => commands, tables: [tables], tools: () => tools });
