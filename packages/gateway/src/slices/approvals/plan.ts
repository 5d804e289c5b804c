/** A command before it runs: where, with what, what it is made of, and the fingerprint of all that. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ignore, invalidRequest } from "../../base/errors.ts";
import type { ToolRun } from "../../kit/tool.ts";
import { type Approvals, hostProblem, type RunRules } from "./approvals.ts";
import { bindingOf } from "./binding.ts";
import { baseEnvironment, environmentProblems } from "./environment.ts";
import { runFiles } from "./operands.ts";
import type { Part } from "./policy.ts";
import { findProgram, isWithin, pathFolders, realOf } from "./programs.ts";
import type { Job } from "./runner.ts";
import { type Analysis, analyse } from "./shell.ts";

/** A command as an agent asks for it. */
export interface ExecParams {
  readonly command: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly background?: boolean;
}

/** A command with all that is known of it before it runs. */
export interface Plan {
  readonly job: Job;
  readonly analysis: Analysis;
  readonly parts: readonly Part[];
  /** Reasons to ask that do not stand in the command. */
  readonly more: readonly string[];
  readonly writable: readonly string[];
  readonly rules: RunRules;
  readonly binding: string;
}

const MAX_ENV_CHARS = 20_000;

/** Looks a command through as it would run now. Throws `GatewayError` when it cannot run at all. */
export async function planOf(approvals: Approvals, params: ExecParams, run: ToolRun): Promise<Plan> {
  const { services, shell } = approvals;
  const { command, cwd: wanted, env: given = {}, background = false } = params;
  if (command.includes("\0")) throw invalidRequest("the command holds a NUL character");
  const rules = approvals.rulesFor(run);
  const problem = hostProblem(rules);
  if (problem) throw problem;
  requireNames(given);
  const home = services.workspace.folderOf(run.agentId);
  const cwd = folderOf(wanted, home, rules.security === "full");
  const writable = approvals.writableFolders().map((folder) => realOf(folder) ?? folder);
  const usual = baseEnvironment(services.env, writable);
  const env = { ...usual, ...services.skills.envFor(run.agentId), PATH: usual.PATH!, ...given };
  const path = pathFolders(env.PATH, writable);
  const analysis = await analyse(command, shell.kind);
  const parts = analysis.commands.map((each) => ({
    command: each,
    program: findProgram(each.argv[0], { path, writable }),
  }));
  const job: Job = { command, cwd, env, takesInput: background };
  const programs = parts.map(({ program }) => (program.kind === "found" ? program.path : ""));
  const files = runFiles(parts, cwd, writable);
  const { host, node } = rules;
  const { agentId, sessionKey, id: runId } = run;
  const binding = bindingOf({ job, host, node, agentId, sessionKey, runId, programs, files, isBackground: background });
  return { job, analysis, parts, more: environmentProblems(given), writable, rules, binding };
}

/** The folder that a command runs in: in the workspace, unless everything is allowed. */
function folderOf(wanted: string | undefined, home: string, isAnywhere: boolean): string {
  const root = realOf(home) ?? home;
  const cwd = realOf(resolve(root, wanted ?? "."));
  if (cwd === undefined || !isFolder(cwd)) throw invalidRequest(`there is no folder ${wanted ?? "for the workspace"}`);
  if (isAnywhere || isWithin(cwd, [root])) return cwd;
  throw invalidRequest(`cwd ${wanted} is outside the workspace; commands start in it`);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    ignore(error, "what cannot be looked at is no folder to run in");
    return false;
  }
}

function requireNames(given: Readonly<Record<string, string>>): void {
  let chars = 0;
  for (const [name, value] of Object.entries(given)) {
    chars += name.length + value.length;
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) || value.includes("\0"))
      throw invalidRequest("env has a name or value that no program can be given");
  }
  if (chars > MAX_ENV_CHARS) throw invalidRequest("env is too large");
}
