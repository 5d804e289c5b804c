/** The skills slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";
import { skills as settings } from "./settings.ts";
import { tools } from "./tools.ts";

export const skills = defineSlice("skills", { methods: Object.values(methods), settings: [settings], tools });
