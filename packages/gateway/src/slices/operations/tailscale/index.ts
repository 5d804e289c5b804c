/** The tailscale slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { tailscale as slice } from "./slice.ts";

export const tailscale = withParts(slice, { methods });
