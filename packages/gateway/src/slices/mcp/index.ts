/** The MCP slice's parts. */
import { defineSlice } from "../../kit/slice.ts";
import * as methods from "./methods.ts";
import { mcp as settings } from "./settings.ts";

export const mcp = defineSlice("mcp", { methods: Object.values(methods), settings: [settings] });
