/** What an endpoint is given: a request that was let in, its body read. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Gateway } from "../../gateway.ts";
import type { Caller } from "../../kit/access.ts";

export interface Call {
  readonly gateway: Gateway;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;
  /** Whoever holds the gateway's secret, as runs and tools know them. */
  readonly caller: Caller;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}
