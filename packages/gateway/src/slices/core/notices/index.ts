/** The notices slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { notices as slice } from "./slice.ts";
import { tables } from "./tables.ts";

export const notices = withParts(slice, { area: "system", methods, tables: [tables] });
