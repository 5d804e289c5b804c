/** What differs between protocol 3 and protocol 4, and nothing else. Both are served on one listener. */
import { GatewayError, invalidRequest } from "../base/errors.ts";
import { missingScope, type Role } from "../kit/access.ts";
import type { PairingFacts, PairingReason } from "../kit/admission.ts";
import type { Method } from "../kit/method.ts";
import { ConnectParams3, ConnectParams4, RequestFrame3, RequestFrame4 } from "../kit/schema/frames.ts";
import type { Schema } from "../kit/schema/validate.ts";

export type Protocol = 3 | 4;

export interface HelloAuth {
  readonly deviceToken?: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly issuedAtMs?: number;
  readonly method?: string;
}

/** The params for a handler, and what was left out of them. */
export interface ReadParams {
  readonly params: unknown;
  /** Names that the method does not know and that were left out. */
  readonly ignored: readonly string[];
}

export interface Dialect {
  readonly protocol: Protocol;
  /** The method as this protocol has it. */
  methodOf(method: Method): Method;
  /**
   * Reads the params that were sent. Protocol 4 leaves out what the method does not know; protocol 3 keeps it, so that
   * validation refuses it.
   */
  readParams(method: Method, params: unknown): ReadParams;
  readonly connectParams: Schema;
  readonly requestFrame: Schema;
  /** How far a device's clock may be off, ms. */
  readonly maxSkewMs: number;
  /** Whether a local device may sign without the nonce (signature version 1). */
  readonly allowsNoNonce: boolean;
  /** The signature version that such clients use first. */
  readonly signature: "v2" | "v3";
  /** Scopes of an operator that asks for none. */
  readonly defaultOperatorScopes: readonly string[];
  /** Whether the shared secret may be in either auth field. */
  readonly secretInEitherField: boolean;
  /** Whether a client without a device keeps the scopes it asked for; command lines on loopback always do. */
  readonly devicelessKeepsScopes: boolean;
  /** The error for a missing scope. */
  missingScope(scope: string): GatewayError;
  pairingRequired(facts: PairingFacts): GatewayError;
  /** The `auth` part of hello-ok; protocol 3 clients expect it only with a device token. */
  helloAuth(auth: HelloAuth): HelloAuth | undefined;
}

const three: Dialect = {
  protocol: 3,
  methodOf: (method) => method.three ?? method,
  readParams: (_method, params) => ({ params, ignored: [] }),
  connectParams: ConnectParams3 as Schema,
  requestFrame: RequestFrame3 as Schema,
  maxSkewMs: 10 * 60_000,
  allowsNoNonce: true,
  signature: "v2",
  defaultOperatorScopes: ["operator.admin"],
  secretInEitherField: false,
  devicelessKeepsScopes: true,
  missingScope,
  pairingRequired: (facts) =>
    new GatewayError("NOT_PAIRED", "pairing required", { details: { code: "PAIRING_REQUIRED", ...facts } }),
  helloAuth: ({ method: _method, ...auth }) => (auth.deviceToken === undefined ? undefined : auth),
};

const PAIRING_WORDS: Readonly<Record<PairingReason, string>> = {
  "not-paired": "device is not approved yet",
  "role-upgrade": "device is asking for a higher role than is approved",
  "scope-upgrade": "device is asking for more scopes than are approved",
};

const four: Dialect = {
  protocol: 4,
  methodOf: (method) => method,
  readParams: withoutUnknown,
  connectParams: ConnectParams4 as Schema,
  requestFrame: RequestFrame4 as Schema,
  maxSkewMs: 2 * 60_000,
  allowsNoNonce: false,
  signature: "v3",
  defaultOperatorScopes: [],
  secretInEitherField: true,
  devicelessKeepsScopes: false,
  missingScope: (scope) =>
    new GatewayError("FORBIDDEN", `missing scope: ${scope}`, {
      details: { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] },
    }),
  pairingRequired: (facts) =>
    new GatewayError("NOT_PAIRED", `pairing required: ${PAIRING_WORDS[facts.reason]}`, {
      details: {
        code: "PAIRING_REQUIRED",
        ...facts,
        remediationHint: `Approve it on the gateway's host: moltbot devices approve ${facts.requestId}`,
      },
    }),
  helloAuth: (auth) => auth,
};

/**
 * Leaves out top-level properties that the method does not know: today's clients send more than this gateway uses. What
 * is inside a property is validated as always.
 */
function withoutUnknown({ params: { additionalProperties, properties } }: Method, params: unknown): ReadParams {
  if (additionalProperties !== false || typeof params !== "object" || params === null || Array.isArray(params))
    return { params, ignored: [] };
  const ignored = Object.keys(params).filter((name) => !Object.hasOwn(properties, name));
  if (ignored.length === 0) return { params, ignored };
  const known = Object.entries(params).filter(([name]) => Object.hasOwn(properties, name));
  return { params: Object.fromEntries(known), ignored };
}

/** The dialect for a client's range: 4 when it is included, else 3; undefined when it is neither. */
export function chooseDialect(minProtocol: number, maxProtocol: number): Dialect | undefined {
  const includes = (version: number) => minProtocol <= version && version <= maxProtocol;
  return includes(4) ? four : includes(3) ? three : undefined;
}

/** The dialect that the params of a `connect` ask for; they may be anything, for nothing has been checked yet. */
export function dialectFor(params: unknown): Dialect | undefined {
  const { minProtocol, maxProtocol } = (params ?? {}) as { minProtocol?: unknown; maxProtocol?: unknown };
  return isInteger(minProtocol) && isInteger(maxProtocol) ? chooseDialect(minProtocol, maxProtocol) : undefined;
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

/** The dialect whose schema judges params that name no usable range. */
export const STRICTEST: Dialect = three;

/** The refusal of a range with neither 3 nor 4 in it. */
export function protocolMismatch(clientMinProtocol: number, clientMaxProtocol: number): GatewayError {
  return invalidRequest("protocol mismatch", {
    code: "PROTOCOL_MISMATCH",
    clientMinProtocol,
    clientMaxProtocol,
    expectedProtocol: 4,
    minimumProbeProtocol: 3,
  });
}
