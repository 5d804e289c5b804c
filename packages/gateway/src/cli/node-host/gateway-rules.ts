/** The gateway's own rules for commands, which a node keeps too: the one place where the command line reaches them. */
export { ApprovalsFile } from "../../slices/agent/approvals/policy/approvals-file.ts";
export { OwnState } from "../../slices/agent/approvals/policy/own-state.ts";
export { type CommandAnalysis, combine, judge, type Rules } from "../../slices/agent/approvals/policy/policy.ts";
export { findProgram, isWithin, pathFolders, realOf } from "../../slices/agent/approvals/policy/programs.ts";
export {
  type Always,
  alwaysOf,
  entriesFor,
  soughtOutside,
  staysInside,
} from "../../slices/agent/approvals/policy/remember.ts";
export { baseEnvironment, environmentProblems } from "../../slices/agent/approvals/running/environment.ts";
export { guardTree } from "../../slices/agent/approvals/running/guard.ts";
export { ProcessTree } from "../../slices/agent/approvals/running/process-tree.ts";
export { analyse } from "../../slices/agent/approvals/shell/shell.ts";
