/**
 * Who asks, in words for the person at a node. A client chooses its own name, so its name is in quotation marks: no name
 * reads like the gateway's own words for an agent.
 */
import type { Caller } from "./access.ts";
import { named } from "./text/one-line.ts";

/** “Kitchen panel” */
export function nameOfClient({ client }: Pick<Caller, "client">): string {
  return `“${named(client.displayName ?? "") || named(client.id)}”`;
}

/** The agent main */
export function nameOfAgent(agentId: string): string {
  return `The agent ${agentId}`;
}
