/** The onboarding slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { onboarding as slice } from "./slice.ts";

export const onboarding = withParts(slice, { area: "wizard", methods });
