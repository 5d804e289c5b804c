/** A2UI for the gateway: messages of every version in, one form inside, and what a surface shows. */
export { A2uiError } from "./error.ts";
export type { SurfaceMessage } from "./messages.ts";
export { readMessages } from "./read.ts";
export { SurfaceModel } from "./surface-model.ts";
