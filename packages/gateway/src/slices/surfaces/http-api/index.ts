/** The HTTP API slice's parts: it has routes only. */
import { withParts } from "../../../kit/slice.ts";
import { httpApi as slice } from "./slice.ts";

export const httpApi = withParts(slice, { routes: (httpApi) => [httpApi] });
