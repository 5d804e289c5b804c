/** All methods of the slice. */

export { compact, create, patch, remove, reset } from "./changing.ts";
export {
  describe,
  list,
  messagesSubscribe,
  messagesUnsubscribe,
  preview,
  resolve,
  search,
  subscribe,
} from "./reading.ts";
