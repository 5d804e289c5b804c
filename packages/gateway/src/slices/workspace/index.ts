/** The workspace slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";
import { tables } from "./tables.ts";
import { tools } from "./tools/index.ts";

export const workspace = defineSlice("workspace", { methods: Object.values(methods), tables: [tables], tools });
