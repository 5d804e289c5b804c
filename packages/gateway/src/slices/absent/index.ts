/** The absent slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import { methods } from "./methods.ts";

export const absent = defineSlice("absent", { methods });
