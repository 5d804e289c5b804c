/** The setup slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { setup as slice } from "./slice.ts";

export const setup = withParts(slice, { methods });
