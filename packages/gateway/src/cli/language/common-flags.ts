/** Flags that several commands have, each defined once so that it has one name everywhere. */

/** Names a conversation. */
export const sessionFlag = {
  session: {
    kind: "text",
    short: "s",
    value: "KEY",
    summary: "The conversation (main)",
    completes: "session",
    formerly: ["session-key"],
  },
} as const;

/** Names an agent. */
export const agentFlag = {
  agent: { kind: "text", value: "ID", summary: "The agent (the default one)", completes: "agent" },
} as const;

/** How many rows a list has at most. */
export function limitFlag(what: string, usual: number) {
  return { limit: { kind: "number", short: "n", value: "COUNT", summary: `How many ${what} (${usual})` } } as const;
}
