/** Analyses a command before it runs: folder, environment, parts, and the fingerprint of all that. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ignore, invalidRequest } from "../../../../base/errors.ts";
import type { ToolRun } from "../../../../kit/tool.ts";
import type { Approvals, RunRules } from "../approvals.ts";
import { exists, factsOf, hashOf, isFile, placesOf } from "../policy/places.ts";
import type { CommandAnalysis, Part } from "../policy/policy.ts";
import { findProgram, isWithin, pathFolders, realOf } from "../policy/programs.ts";
import { type Always, alwaysOf, soughtOutside, staysInside } from "../policy/remember.ts";
import { analyse } from "../shell/shell.ts";
import { bindingOf } from "./binding.ts";
import { baseEnvironment, environmentProblems } from "./environment.ts";
import { hostProblem } from "./host.ts";
import type { Job } from "./runner.ts";

/** A command as an agent asks for it. */
export interface ExecParams {
  readonly command: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly background?: boolean;
}

/** A command and its analysis. */
export interface Plan extends CommandAnalysis {
  readonly job: Job;
  readonly rules: RunRules;
  readonly binding: string;
}

/** The most places that are examined; a command that names more always needs approval. */
const MAX_PLACES = 2_000;
const MAX_ENV_CHARS = 20_000;

/** Analyses a command as it would run now. Throws `GatewayError` when it cannot run at all. */
export async function planOf(
  approvals: Approvals,
  params: ExecParams,
  run: Pick<ToolRun, "agentId" | "sessionKey" | "id">,
): Promise<Plan> {
  const { services, shell } = approvals;
  const { command, cwd: wanted, env: given = {}, background = false } = params;
  if (command.includes("\0")) throw invalidRequest("the command holds a NUL character");
  const rules = approvals.rulesFor(run);
  const problem = hostProblem(rules);
  if (problem) throw problem;
  requireNames(given);
  const home = services.workspace.folderOf(run.agentId);
  const cwd = folderOf(wanted, home, rules.security === "full");
  const agents = approvals.writableFolders().map((folder) => realOf(folder) ?? folder);
  // Files that remembered commands change count as the agent's own.
  const changed = [...new Set(rules.allowlist.flatMap(({ exact }) => exact?.changes ?? []))];
  const usual = baseEnvironment(services.env, agents);
  const env: Record<string, string> = { ...usual, ...services.skills.envFor(run.agentId), PATH: usual.PATH!, ...given };
  const around = { path: pathFolders(env.PATH ?? "", agents), writable: [...agents, ...changed] };
  const analysis = await analyse(command, shell.kind, { takesInput: background });
  const parts = analysis.commands.map((each) => ({ command: each, program: findProgram(each.argv[0], around) }));
  const job: Job = { command, cwd, env, takesInput: background };
  const more = environmentProblems(given, cwd);
  const state = approvals.ownState();
  let always: Always | undefined;
  const { host, node } = rules;
  const { agentId, sessionKey, id: runId } = run;
  const programs = parts.map(({ program }) => (program.kind === "found" ? program.path : ""));
  const bound = { job, host, node, agentId, sessionKey, runId, programs, isBackground: background };
  return {
    ...{ command, job, analysis, parts, more, rules },
    own: state.named(analysis, command, { cwd, env }),
    outside: soughtOutside({ analysis, cwd, agents }),
    staysInside: (part) => staysInside(part, { analysis, cwd, agents }),
    isAtHome: cwd === (realOf(home) ?? home),
    binding: bindingOf({ ...bound, files: ownFiles(parts, cwd, around.writable) }),
    always: () =>
      (always ??= alwaysOf({
        ...{ command, cwd, isBackground: background, analysis, parts, more, agents, changed, state },
        home: env.HOME ?? "/",
      })),
  };
}

/** Hashes of the files that a command names and that the agent can change, in order; the approval covers them. */
function ownFiles(parts: readonly Part[], cwd: string, writable: readonly string[]): string[] {
  const words = parts.flatMap(({ command, program }) =>
    program.kind === "problem" ? command.argv : command.argv.slice(1),
  );
  const places = new Set<string>();
  for (const word of new Set(words)) {
    if (places.size > MAX_PLACES) break;
    if (word !== undefined) for (const place of placesOf(word, cwd)) places.add(place);
  }
  const own = [...places].filter((place) => isWithin(place, writable) && exists(place));
  return own.filter(isFile).map((place) => `${place} ${hashOf(place) ?? factsOf(place)}`);
}

/** The working folder of a command: in the workspace, unless everything is allowed. */
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
