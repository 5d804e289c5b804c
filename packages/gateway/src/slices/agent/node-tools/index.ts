/** The node-tools slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { nodeTools as slice } from "./slice.ts";
import { tools } from "./tools.ts";

export const nodeTools = withParts(slice, { tools: () => tools });
