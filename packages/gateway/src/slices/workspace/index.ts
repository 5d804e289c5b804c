/** The workspace slice's parts. */
import { defineSlice } from "../../kit/slice.ts";

export const workspace = defineSlice("workspace", {});
