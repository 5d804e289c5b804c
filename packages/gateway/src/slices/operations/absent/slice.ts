/** The absent slice has no service. */
import { defineSlice } from "../../../kit/slice.ts";

export const absent = defineSlice({ name: "absent", uses: [] });

export const { defineMethod } = absent;
