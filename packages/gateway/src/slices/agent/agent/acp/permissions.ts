/** What is answered when an external agent asks whether it may do something. */
import type {
  PermissionOption,
  PermissionOptionKind,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk";

/** What was decided. */
export type Decision = "allow-once" | "allow-always" | "deny";

/** Best first: an agent need not offer every kind. */
const CHOICES: Readonly<Record<Decision, readonly PermissionOptionKind[]>> = {
  "allow-once": ["allow_once", "allow_always"],
  "allow-always": ["allow_always", "allow_once"],
  deny: ["reject_once", "reject_always"],
};

/** The decision as the agent's own options say it. */
export function answerOf(decision: Decision, options: readonly PermissionOption[]): RequestPermissionResponse {
  for (const kind of CHOICES[decision]) {
    const option = options.find((each) => each.kind === kind);
    if (option) return { outcome: { outcome: "selected", optionId: option.optionId } };
  }
  return { outcome: { outcome: "cancelled" } };
}

/** What a person is asked about: the agent's words for it, bounded. */
export function questionOf({ toolCall }: RequestPermissionRequest): string {
  const { title, name, kind, rawInput } = toolCall;
  const input = rawInput === undefined ? "" : ` ${JSON.stringify(rawInput)}`;
  return `${title ?? name ?? kind ?? "something"}${input}`.slice(0, 2_000);
}
