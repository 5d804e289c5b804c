/** The workspace slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { workspace as slice } from "./slice.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools/index.ts";

export const workspace = withParts(slice, { methods, tables: [tables], tools: () => tools });
