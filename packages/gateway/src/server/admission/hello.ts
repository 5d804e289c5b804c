/** The payload of hello-ok (protocol: hello-ok). */
import { hostname } from "node:os";
import type { Static } from "@sinclair/typebox";
import { jsonText } from "../../base/text/well-formed.ts";
import { Serialized } from "../../kit/method.ts";
import type { Snapshot } from "../../kit/schema/frames.ts";
import type { Connection } from "../connection.ts";
import type { Protocol } from "../dialect.ts";
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

/** The features as they are sent: most of a hello-ok, and the same for every connection of a protocol. */
const serialized = new WeakMap<Offer, { [protocol in Protocol]?: string }>();

function featuresOf(offer: Offer, protocol: Protocol): string {
  const { methods, events } = offer;
  const known = serialized.get(offer) ?? {};
  serialized.set(offer, known);
  known[protocol] ??= jsonText({ methods, events, ...(protocol === 4 && { capabilities: CAPABILITIES }) });
  return known[protocol];
}

export function helloOk(
  offer: Offer,
  snapshot: Static<typeof Snapshot>,
  connection: Connection,
  { session: { dialect }, auth, more }: Granted & { readonly more: Readonly<Record<string, unknown>> },
): Serialized {
  const { protocol } = dialect;
  const server = { version: offer.version, ...(protocol === 3 && { host: hostname() }), connId: connection.id };
  const head = jsonText({ type: "hello-ok", protocol, server });
  const rest = jsonText({
    snapshot,
    ...more,
    ...(auth && { auth }),
    policy: {
      maxPayload: LIMITS.maxPayload,
      maxBufferedBytes: LIMITS.maxBufferedBytes,
      tickIntervalMs: LIMITS.tickIntervalMs,
    },
  });
  return new Serialized(`${head.slice(0, -1)},"features":${featuresOf(offer, protocol)},${rest.slice(1)}`);
}
