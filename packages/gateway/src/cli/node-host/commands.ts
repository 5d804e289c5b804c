/** The commands of this node: what is not possible on this machine is not among them. */
import type { Env } from "../../base/files.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { NodeCommand } from "./command.ts";
import { ExecPolicy } from "./exec-policy.ts";
import { fileCommands } from "./files.ts";
import { execApprovals, systemNotify, systemWhich } from "./system.ts";
import { systemRun, systemRunPrepare } from "./system-run.ts";

export interface CommandOptions {
  readonly stateDir: string;
  readonly configPath: string;
  readonly env: Env;
  readonly clock: Clock;
  /** Folders whose files may be read and written. */
  readonly roots: readonly string[];
  /** Serve only these; all when empty. */
  readonly only: readonly string[];
}

/** All commands by name. */
export function nodeCommands(options: CommandOptions): ReadonlyMap<string, NodeCommand> {
  const { env, clock, roots, only } = options;
  const policy = new ExecPolicy(options);
  const notify = systemNotify(env, clock);
  const all = [
    systemRun(policy, clock),
    systemRunPrepare(policy),
    systemWhich(env),
    ...(notify ? [notify] : []),
    ...execApprovals(policy),
    ...fileCommands(roots),
  ];
  const served = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  return new Map(served.map((command) => [command.name, command]));
}
