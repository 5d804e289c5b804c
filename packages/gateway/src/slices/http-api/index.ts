/** The HTTP API slice's parts: it has routes only. */
import { defineSlice } from "../../kit/slice.ts";

export const httpApi = defineSlice("http-api", {});
