/** The recordings slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { commands } from "./commands.ts";
import * as methods from "./methods.ts";
import { recordings as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const recordings = withParts(slice, { methods, tables: [tables], commands: () => commands });
