/** Roles and scopes: the words with which access is granted and asked for (protocol: role and scopes). */
import { type GatewayError, invalidRequest } from "../base/errors.ts";

export type Role = "operator" | "node";

/** Scopes an operator can hold. `operator.admin` implies all others, `operator.write` implies `operator.read`. */
export const SCOPES = [
  "operator.admin",
  "operator.read",
  "operator.write",
  "operator.approvals",
  "operator.pairing",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a method asks of its caller: a scope, or to be a node. */
export type Access = Scope | "node";

/** Who sends a request: what the handshake established, never what a frame claims. */
export interface Caller {
  readonly connId: string;
  readonly protocol: 3 | 4;
  readonly role: Role;
  readonly scopes: ReadonlySet<string>;
  /** Whose idempotency keys these are: one device, or everyone who holds the shared secret. */
  readonly principal: string;
  readonly deviceId: string | undefined;
  readonly client: {
    readonly id: string;
    readonly mode: string;
    readonly version: string;
    readonly platform: string;
    readonly displayName?: string | undefined;
    readonly deviceFamily?: string | undefined;
    readonly modelIdentifier?: string | undefined;
    readonly instanceId?: string | undefined;
    /** As the client names it; nobody has checked that there is such a zone. */
    readonly timeZone?: string | undefined;
  };
  readonly caps: readonly string[];
  /** What a node declares that it can do; undefined for operators. */
  readonly declared?: DeclaredNode | undefined;
  readonly isLocal: boolean;
}

/** What a node says of itself when it connects. */
export interface DeclaredNode {
  readonly commands: readonly string[];
  readonly permissions: Readonly<Record<string, boolean>> | undefined;
  readonly pathEnv: string | undefined;
}

/** Whether held scopes satisfy a wanted one. */
export function hasScope(held: ReadonlySet<string>, wanted: string): boolean {
  if (held.has("operator.admin") || held.has(wanted)) return true;
  return wanted === "operator.read" && held.has("operator.write");
}

const MISSING = "MISSING_SCOPE";

/** The refusal of a caller who lacks a scope, as protocol 3 words it; the server says it in the words of each protocol. */
export function missingScope(scope: string): GatewayError {
  return invalidRequest(`missing scope: ${scope}`, { code: MISSING, missingScope: scope });
}

/** The scope that a refusal says is missing. */
export function scopeMissingIn({ details }: GatewayError): string | undefined {
  const { code, missingScope: scope } = (details ?? {}) as { code?: unknown; missingScope?: unknown };
  return code === MISSING && typeof scope === "string" ? scope : undefined;
}

/** Throws `missingScope` unless the caller holds the scope. */
export function requireScope({ scopes }: Pick<Caller, "scopes">, wanted: string): void {
  if (!hasScope(scopes, wanted)) throw missingScope(wanted);
}
