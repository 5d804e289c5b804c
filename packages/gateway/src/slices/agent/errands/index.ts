/** The errands slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { errands as slice } from "./slice.ts";
import { tools } from "./tools.ts";

export const errands = withParts(slice, { tools: () => tools });
