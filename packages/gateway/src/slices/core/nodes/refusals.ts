/** Refusals of calls, in the protocol's words. Each says in `details.fix` what to do, where something can be done. */
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import type { NodeShape } from "./schema.ts";

export function reserved(command: string): GatewayError {
  return notAllowed("command reserved", command, "use exec.approvals.node.get and exec.approvals.node.set");
}

export function unavailable(fix?: string): GatewayError {
  return new GatewayError("UNAVAILABLE", "node not connected", {
    details: { code: "NOT_CONNECTED", ...defined({ fix }) },
  });
}

export function notConnected({ nodeId, displayName }: NodeShape): GatewayError {
  const fix = `start it: on its machine, \`moltbot node run\`; \`moltbot nodes list\` shows when ${displayName ?? nodeId.slice(0, 12)} is there`;
  return unavailable(fix);
}

export function notAllowed(reason: string, command: string, fix: string | undefined): GatewayError {
  return invalidRequest("node command not allowed", { reason, command, ...defined({ fix }) });
}
