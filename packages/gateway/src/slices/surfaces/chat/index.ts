/** The chat slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { chat as slice } from "./slice.ts";

export const chat = withParts(slice, { methods });
