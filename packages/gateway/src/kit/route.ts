/** What a slice answers on the gateway's HTTP port. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A route of a slice: of all routes, the first whose `matches` is true handles the request. */
export interface Route {
  /** Whether it judges by itself under which host names it may be asked for; others are refused under unknown ones. */
  readonly takesAnyHost?: boolean;
  matches(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): void | Promise<void>;
  /** Takes an upgrade of a path that it matches. Without it, upgrades of its paths open connections of the protocol. */
  upgrade?(upgrade: Upgrade): void;
}

/** A request to speak WebSocket. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly path: string;
}
