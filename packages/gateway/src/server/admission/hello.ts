/** The payload of hello-ok (protocol: hello-ok). */
import { hostname } from "node:os";
import type { Static } from "@sinclair/typebox";
import type { Snapshot } from "../../kit/schema/frames.ts";
import type { Connection } from "../connection.ts";
import { LIMITS } from "../limits.ts";
import type { Granted } from "./handshake.ts";

/** What a gateway says of itself to everybody. */
export interface Offer {
  readonly version: string;
  /** The methods and events that it lists, in their order. */
  readonly methods: readonly string[];
  readonly events: readonly string[];
}

/**
 * Features that protocol 4 clients look for by name. `published-model-catalog`: models.list says what each model can
 * do.
 */
const CAPABILITIES = ["published-model-catalog"];

export function helloOk(
  { version, methods, events }: Offer,
  snapshot: Static<typeof Snapshot>,
  connection: Connection,
  { session: { dialect }, auth, more }: Granted & { readonly more: Readonly<Record<string, unknown>> },
): unknown {
  const is3 = dialect.protocol === 3;
  return {
    type: "hello-ok",
    protocol: dialect.protocol,
    server: { version, ...(is3 && { host: hostname() }), connId: connection.id },
    features: { methods, events, ...(!is3 && { capabilities: CAPABILITIES }) },
    snapshot,
    ...more,
    ...(auth && { auth }),
    policy: {
      maxPayload: LIMITS.maxPayload,
      maxBufferedBytes: LIMITS.maxBufferedBytes,
      tickIntervalMs: LIMITS.tickIntervalMs,
    },
  };
}
