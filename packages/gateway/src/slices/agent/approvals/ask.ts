/** Asks people a question of an external agent, as an approval that any of their surfaces can answer. */
import { onAbort } from "../../../base/time/deadline.ts";
import type { Question } from "../agent/approving.ts";
import type { Approvals } from "./approvals.ts";
import type { Decision } from "./policy/policy.ts";

/** Resolves to the decision; without an answer in time it is a no. */
export async function askPeople(
  approvals: Approvals,
  { run, text, cwd }: Question,
  signal: AbortSignal,
): Promise<Decision> {
  const { agentId, sessionKey } = run;
  const request = {
    ...{ command: text, cwd, host: "gateway", security: null, ask: "always", agentId, resolvedPath: null, sessionKey },
    why: ["the external agent asks before it does this"],
  };
  const waiting = approvals.ask({ request, timeoutMs: approvals.rulesFor(run).approvalMs }, run);
  using _aborted = onAbort(signal, () => approvals.pending.withdraw(waiting, "the run was stopped"));
  const outcome = await waiting.outcome;
  return outcome.kind === "decided" ? outcome.decision : "deny";
}
