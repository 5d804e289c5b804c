/** Reports of nodes about programs: `exec.started`, `exec.finished` and `exec.denied` (protocol: node.event kinds). */
import { isRecord } from "../../../../base/config/config.ts";

/** A report as a node sends it; nothing in it is certain. */
export interface ExecReport {
  readonly event: string;
  readonly said: Readonly<Record<string, unknown>>;
}

const KINDS: ReadonlySet<string> = new Set(["exec.started", "exec.finished", "exec.denied"]);

export function isExecReport(event: string): boolean {
  return KINDS.has(event);
}

/**
 * Whether a report is about this call. A report that fits no call of ours counts for nothing: a node must not put words
 * into conversations by itself. What the call did not name, the report may.
 */
export function isReportOf({ said }: ExecReport, { command, params }: { command: string; params: unknown }): boolean {
  if (command !== "system.run" || !isRecord(params)) return false;
  return fits(params.runId, said.runId) && fits(params.sessionKey, said.sessionKey);
}

function fits(wanted: unknown, said: unknown): boolean {
  return wanted === undefined || wanted === null || wanted === said;
}
