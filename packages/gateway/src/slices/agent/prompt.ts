/** The system prompt: who the agent is, when and where it speaks. Workspace files will be added to it. */

export interface PromptFacts {
  readonly name: string;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly now: number;
  readonly timeZone: string;
  /** What a caller adds for one run. */
  readonly extra?: string | undefined;
  /** What happened since the last turn, one line each. */
  readonly events: readonly string[];
}

/** One text; the same facts give the same text, so that providers can cache it. */
export function systemPrompt({ name, agentId, sessionKey, now, timeZone, extra, events }: PromptFacts): string {
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone }).format(now);
  return [
    `You are ${name}, a personal assistant that people reach through their own messaging gateway.`,
    "Answer in the language you are spoken to in. Be helpful, honest and brief; use Markdown where it helps.",
    `Today is ${day} (time zone ${timeZone}).`,
    `Agent: ${agentId}. Session: ${sessionKey}.`,
    ...(events.length > 0 ? [`Since the last turn:\n${events.map((line) => `- ${line}`).join("\n")}`] : []),
    ...(extra ? [extra] : []),
  ].join("\n\n");
}
