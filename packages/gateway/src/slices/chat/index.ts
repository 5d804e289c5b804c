/** The chat slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";

export const chat = defineSlice("chat", { methods: Object.values(methods) });
