/** What agents need of whoever keeps the rules for commands, and asks people. Filled by approvals. */
import type { ExecRules, ToolRun } from "../../../kit/tool.ts";
import type { Decision } from "./acp/permissions.ts";

/** What an external agent asks whether it may do it. */
export interface Question {
  readonly run: ToolRun;
  readonly text: string;
  readonly cwd: string;
}

export interface Approving {
  /** What people decided; nobody's answer in time is a no. */
  askPeople(question: Question, signal: AbortSignal): Promise<Decision>;
  /** How freely commands may run for a run. */
  rulesFor(run: ToolRun): ExecRules;
}

/** Without approvals nothing is allowed. */
export const NOTHING_ALLOWED: Approving = {
  askPeople: async () => "deny",
  rulesFor: () => ({ security: "deny", ask: "always" }),
};
