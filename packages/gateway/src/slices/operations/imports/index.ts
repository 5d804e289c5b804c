/** The imports slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { imports as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const imports = withParts(slice, { methods, tables: [tables] });
