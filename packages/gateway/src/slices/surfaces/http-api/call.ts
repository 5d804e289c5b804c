/** What an endpoint is given: a request that was let in, its body read. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";

/** What the endpoints reach. */
export interface HttpServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly agent: Agent;
}

export interface Call {
  readonly gateway: HttpServices;
  readonly headers: IncomingHttpHeaders;
  /** The path that was asked for, decoded. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;
  /** The caller as runs and tools know it. */
  readonly caller: Caller;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}
