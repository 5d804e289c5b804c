/** The fingerprint of an approval: computed when the command is shown, and again when it runs. */
import { sha256Hex } from "../../../../base/ids.ts";
import type { Job } from "./runner.ts";

/** Everything that an approval covers. */
export interface ApprovedCommand {
  readonly job: Job;
  readonly host: string;
  readonly node: string | null;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly runId: string;
  /** The programs it was found to run, as files. */
  readonly programs: readonly string[];
  /** Fingerprints of the agent's own files that it would run. */
  readonly files: readonly string[];
  readonly isBackground: boolean;
}

/** A digest of all that decides what a command does; it changes when any of that changes. */
export function bindingOf({
  job,
  host,
  node,
  agentId,
  sessionKey,
  runId,
  programs,
  files,
  isBackground,
}: ApprovedCommand): string {
  const { command, cwd, env, takesInput } = job;
  const variables = Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const all = [
    command,
    cwd,
    variables,
    takesInput,
    host,
    node,
    agentId,
    sessionKey,
    runId,
    programs,
    files,
    isBackground,
  ];
  return sha256Hex(JSON.stringify(all));
}
