/** The absent slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { methods } from "./methods.ts";
import { absent as slice } from "./slice.ts";

export const absent = withParts(slice, { methods });
