/** The metrics slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import { metrics as settings } from "./settings.ts";
import { metrics as slice } from "./slice.ts";

export const metrics = withParts(slice, { settings: [settings], routes: (metrics) => [metrics] });
