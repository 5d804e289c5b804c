/** The questions that agents ask about commands and people's decisions. Filled by approvals. */
import type { ExecRules, ToolRun } from "../../../kit/tool.ts";
import type { Decision } from "./acp/permissions.ts";

/** A question of an external agent: whether it may do something. */
export interface Question {
  readonly run: ToolRun;
  readonly text: string;
  readonly cwd: string;
}

export interface Approving {
  /** Asks people for a decision; without an answer in time it is a no. */
  askPeople(question: Question, signal: AbortSignal): Promise<Decision>;
  /** The rules for commands of a run. */
  rulesFor(run: ToolRun): ExecRules;
}

/** Without approvals nothing is allowed. */
export const NOTHING_ALLOWED: Approving = {
  askPeople: async () => "deny",
  rulesFor: () => ({ security: "deny", ask: "always" }),
};
