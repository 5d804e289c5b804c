/** The agents slice's parts. Its methods join agents with conversations and models: they are with the agent's runs. */
import { withParts } from "../../../kit/slice.ts";
import { agents as settings } from "./settings.ts";
import { agents as slice } from "./slice.ts";

export const agents = withParts(slice, { settings: [settings] });
