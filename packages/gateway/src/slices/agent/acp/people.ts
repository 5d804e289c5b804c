/** People who can be asked whether an external agent may do something. */
import type { ToolRun } from "../../../kit/tool.ts";
import type { Decision } from "./permissions.ts";

/** What is asked, and for whom. */
export interface Question {
  readonly run: ToolRun;
  readonly text: string;
  readonly cwd: string;
}

/** Filled by approvals. */
export interface People {
  /** What was decided; nobody's answer in time is a no. */
  ask(question: Question, signal: AbortSignal): Promise<Decision>;
}
