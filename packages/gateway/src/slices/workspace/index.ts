/** The workspace slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import { tools } from "./tools/index.ts";

export const workspace = defineSlice("workspace", { tools });
