/** An event: its payload, who receives it, and what happens to a slow receiver. */
import type { Static, TSchema } from "@sinclair/typebox";
import type { Topic } from "../base/bus.ts";
import type { Caller, Scope } from "./access.ts";

/** `everyone` is all connections, nodes too; a scope is every operator that holds it; `directed` names one connection. */
export type Audience = "everyone" | Scope | "directed";

/**
 * `drop` skips a connection that is over its buffer limit, or would be with this event; the client sees the gap.
 * `close` ends a connection that is over the limit, with 1008. An event that replaces its predecessor is always
 * dropped, because the next one says everything again.
 */
export type WhenSlow = "drop" | "close";

/** An event as the broadcast, the generators and the tests read it. */
export interface EventDefinition<Payload = unknown> extends Topic<Payload> {
  readonly summary: string;
  readonly audience: Audience;
  /** Which connections of the audience receive this one; all when absent. */
  readonly allows?: ((payload: Payload, caller: Caller) => boolean) | undefined;
  /** Only connections that subscribed receive it; the broadcast is told which. */
  readonly isSubscribed: boolean;
  readonly whenSlow: WhenSlow | ((payload: Payload) => WhenSlow);
  /** Whether frames carry the presence and health versions. */
  readonly stateVersion: boolean;
  readonly payload: TSchema;
  /** The payload for clients of protocol 3, where it differs. */
  readonly three?: ((payload: Payload) => unknown) | undefined;
}

/** Defines an event; services publish it on the bus. */
export function defineEvent<Payload extends TSchema>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly audience: Audience;
  readonly allows?: (payload: Static<Payload>, caller: Caller) => boolean;
  readonly whenSlow: WhenSlow | ((payload: Static<Payload>) => WhenSlow);
  readonly isSubscribed?: boolean;
  readonly stateVersion?: boolean;
  readonly three?: (payload: Static<Payload>) => unknown;
  readonly payload: Payload;
}): EventDefinition<Static<Payload>> {
  const { isSubscribed = false, stateVersion = false } = definition;
  return { ...definition, isSubscribed, stateVersion };
}
