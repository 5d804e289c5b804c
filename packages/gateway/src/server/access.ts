/** Role and scope rules, in the protocol's order (protocol: authorization). */
import { type GatewayError, invalidRequest } from "../base/errors.ts";
import { hasScope } from "../kit/access.ts";
import type { Method } from "../kit/method.ts";
import type { Session } from "./connection.ts";

/** Why this caller may not call this method; undefined when it may. */
export function accessProblem({ access: wanted }: Method, { caller, dialect }: Session): GatewayError | undefined {
  const needsNode = wanted === "node";
  if (needsNode !== (caller.role === "node")) return invalidRequest(`unauthorized role: ${caller.role}`);
  if (needsNode || hasScope(caller.scopes, wanted)) return undefined;
  return dialect.missingScope(wanted);
}
