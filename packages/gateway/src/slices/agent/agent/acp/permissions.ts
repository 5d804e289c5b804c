/** Answers an external agent that asks for permission. */
import type {
  PermissionOption,
  PermissionOptionKind,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk";

/** What was decided. */
export type Decision = "allow-once" | "allow-always" | "deny";

/** Option kinds for each decision, best first; an agent need not offer every kind. */
const CHOICES: Readonly<Record<Decision, readonly PermissionOptionKind[]>> = {
  "allow-once": ["allow_once", "allow_always"],
  "allow-always": ["allow_always", "allow_once"],
  deny: ["reject_once", "reject_always"],
};

/** The agent's option for a decision. */
export function answerOf(decision: Decision, options: readonly PermissionOption[]): RequestPermissionResponse {
  for (const kind of CHOICES[decision]) {
    const option = options.find((each) => each.kind === kind);
    if (option) return { outcome: { outcome: "selected", optionId: option.optionId } };
  }
  return { outcome: { outcome: "cancelled" } };
}

/** The agent's question for a person, bounded. */
export function questionOf({ toolCall }: RequestPermissionRequest): string {
  const { title, name, kind, rawInput } = toolCall;
  const input = rawInput === undefined ? "" : ` ${JSON.stringify(rawInput)}`;
  return `${title ?? name ?? kind ?? "something"}${input}`.slice(0, 2_000);
}
