// The configured agents, and which of them a conversation is with. Pure functions.

import type { AgentsListResult } from "@moltbot/protocol";

/** An agent that can be talked to. */
export interface AgentChoice {
  readonly id: string;
  readonly name: string;
  /** One or two characters to know it by. */
  readonly emoji: string | undefined;
}

/** Reads what `agents.list` returns. */
export function readAgents({ agents }: AgentsListResult): AgentChoice[] {
  return agents.map(({ id, name, identity }) => ({
    id,
    name: name ?? identity?.name ?? id,
    emoji: identity?.emoji,
  }));
}

/** The agent of a session. */
export function agentOf(sessionKey: string, agents: readonly AgentChoice[]): AgentChoice | undefined {
  const id = /^agent:([^:]+):/.exec(sessionKey)?.[1];
  return agents.find((agent) => agent.id === id);
}
