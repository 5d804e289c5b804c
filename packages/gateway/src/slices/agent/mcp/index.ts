/** The MCP slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { mcp as settings } from "./settings.ts";
import { mcp as slice } from "./slice.ts";

export const mcp = withParts(slice, { methods, settings: [settings] });
