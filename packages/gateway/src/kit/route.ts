/** What a slice answers on the gateway's HTTP port. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A route of a slice: of all routes, the first whose `matches` is true handles the request. */
export interface Route {
  matches(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): void | Promise<void>;
}
