/** The recordings slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import { commands } from "./commands.ts";
import * as methods from "./methods.ts";
import { tables } from "./tables.ts";

export const recordings = defineSlice("recordings", { methods: Object.values(methods), tables: [tables], commands });
