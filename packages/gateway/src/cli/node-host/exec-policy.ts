/** Judges programs of a node by the rules of the gateway's own commands: levels and allowlist of `exec-approvals.json`. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { Env } from "../../base/files.ts";
import type { Clock } from "../../base/time/clock.ts";
import { badParams } from "./failure.ts";
import {
  type Always,
  ApprovalsFile,
  alwaysOf,
  analyse,
  baseEnvironment,
  type CommandAnalysis,
  combine,
  entriesFor,
  environmentProblems,
  findProgram,
  judge,
  OwnState,
  pathFolders,
  type Rules,
  realOf,
  soughtOutside,
  staysInside,
} from "./gateway-rules.ts";

/** A program that somebody wants to run here. */
export interface WantedProgram {
  readonly argv: readonly [string, ...string[]];
  /** The folder that it starts in; the home folder when undefined. */
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly agentId: string;
}

/** A judged program: what runs is exactly this. */
export interface JudgedProgram {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly verdict: ReturnType<typeof judge>;
  /** Puts it on the allowlist, as far as it can be remembered. */
  remember(): void;
}

export interface ExecPolicyOptions {
  readonly stateDir: string;
  readonly configPath: string;
  readonly env: Env;
  readonly clock: Clock;
}

/** Variables that change what a program loads. Source: the node host of January 2026. */
const NEVER_PASSED = /^(?:NODE_OPTIONS|PYTHONHOME|PYTHONPATH|PERL5LIB|PERL5OPT|RUBYOPT|DYLD_.*|LD_.*)$/;
const NONE: ReadonlySet<string> = new Set();

export class ExecPolicy {
  readonly file: ApprovalsFile;
  readonly #options: ExecPolicyOptions;

  constructor(options: ExecPolicyOptions) {
    this.#options = options;
    this.file = new ApprovalsFile(options);
  }

  /** The levels for an agent's programs. */
  levels(agentId: string): Pick<Rules, "security" | "ask"> {
    return combine([this.file.rulesFor(agentId)]);
  }

  /** Judges a program. Throws `NodeFailure` for a folder that does not exist. */
  async judge(wanted: WantedProgram): Promise<JudgedProgram> {
    const { argv, agentId } = wanted;
    const home = realOf(homedir()) ?? "/";
    const cwd = realOf(resolve(home, wanted.cwd ?? "."));
    if (cwd === undefined) throw badParams(`there is no folder ${wanted.cwd}`);
    const { given, env } = this.#environment(wanted.env);
    const file = this.file.rulesFor(agentId);
    const rules: Rules = { ...file, ...combine([file]), safeBins: NONE, skillBins: NONE };
    const looked = await this.#look({ argv, cwd, env, given }, rules);
    const remember = () => {
      const always = looked.own === undefined ? looked.always() : undefined;
      if (always) this.file.allow(agentId, entriesFor(always, looked.parts[0]?.command.argv));
    };
    return { argv, cwd, env, verdict: judge(looked, rules), remember };
  }

  async #look(
    {
      argv,
      cwd,
      env,
      given,
    }: Pick<JudgedProgram, "argv" | "cwd" | "env"> & { given: Readonly<Record<string, string>> },
    rules: Rules,
  ): Promise<CommandAnalysis> {
    const { stateDir, configPath } = this.#options;
    const command = commandText(argv);
    const analysis = await analyse(command, "sh");
    const changed = [...new Set(rules.allowlist.flatMap(({ exact }) => exact?.changes ?? []))];
    const around = { path: pathFolders(env.PATH ?? "", []), writable: changed };
    const parts = analysis.commands.map((each) => ({ command: each, program: findProgram(each.argv[0], around) }));
    const more = environmentProblems(given, cwd);
    const state = new OwnState({ stateDir, configPath, workspaces: [] });
    const agents: readonly string[] = [];
    let always: Always | undefined;
    return {
      ...{ command, analysis, parts, more },
      own: state.named(analysis, command, { cwd, env }),
      outside: soughtOutside({ analysis, cwd, agents }),
      staysInside: (part) => staysInside(part, { analysis, cwd, agents }),
      isAtHome: cwd === realOf(homedir()),
      always: () =>
        (always ??= alwaysOf({
          ...{ command, cwd, isBackground: false, analysis, parts, more, agents, changed, state },
          home: env.HOME ?? "/",
        })),
    };
  }

  /** The usual variables with those that were given. A search path counts only when it goes on with this machine's own. */
  #environment(wanted: Readonly<Record<string, string>>) {
    const usual = baseEnvironment(this.#options.env, []);
    const own = usual.PATH ?? "";
    const entries = Object.entries(wanted).filter(([name, value]) => {
      if (NEVER_PASSED.test(name)) return false;
      return name !== "PATH" || value === own || value.endsWith(`:${own}`);
    });
    const given = Object.fromEntries(entries);
    return { given, env: { ...usual, ...given } };
  }
}

/** A program and its arguments as a shell reads them. */
export function commandText(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
