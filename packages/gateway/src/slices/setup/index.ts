/** The setup slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";

export const setup = defineSlice("setup", { methods: Object.values(methods) });
