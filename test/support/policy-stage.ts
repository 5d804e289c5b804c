/**
 * A state folder with a workspace in it, programs that count as the system's, and what the policy makes of commands there.
 * The programs are empty files: nothing runs.
 */
import { chmodSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DEFAULT_SAFE_BINS } from "../../packages/gateway/src/slices/agent/approvals/policy/harmless.ts";
import { OwnState } from "../../packages/gateway/src/slices/agent/approvals/policy/own-state.ts";
import {
  type AllowEntry,
  type CommandAnalysis,
  judge,
  type Rules,
  type Verdict,
} from "../../packages/gateway/src/slices/agent/approvals/policy/policy.ts";
import { findProgram, pathFolders } from "../../packages/gateway/src/slices/agent/approvals/policy/programs.ts";
import {
  type Always,
  alwaysOf,
  entriesFor,
  soughtOutside,
  staysInside,
} from "../../packages/gateway/src/slices/agent/approvals/policy/remember.ts";
import { analyse } from "../../packages/gateway/src/slices/agent/approvals/shell/shell.ts";

export interface Manner {
  readonly cwd?: string;
  readonly isBackground?: boolean;
}

/** Programs that Debian and npm install as links, each with the file that it leads to, from the folder of programs. */
const LINKS: Readonly<Record<string, string>> = {
  npm: "../lib/node_modules/npm/bin/npm-cli.js",
  npx: "../lib/node_modules/npm/bin/npx-cli.js",
  awk: "mawk",
  pkill: "pgrep",
};

export class PolicyStage implements Disposable {
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), "moltbot-policy-")));
  readonly bin = join(this.#root, "bin");
  readonly home = join(this.#root, "home");
  readonly stateDir = join(this.home, "state");
  readonly workspace = join(this.stateDir, "workspace");
  /** A folder that is neither the agent's nor the system's. */
  readonly outside = join(this.#root, "outside");

  readonly #path: string;
  readonly #system: readonly string[] | undefined;

  /** `isReal` has the programs of this machine found, where they are, instead of empty files. */
  constructor(programs: readonly string[], { isReal = false }: { isReal?: boolean } = {}) {
    this.#path = isReal ? "/usr/bin:/bin" : `${this.bin}:${this.workspace}:relative:`;
    this.#system = isReal ? undefined : [this.bin, join(this.#root, "lib")];
    for (const folder of [this.bin, this.workspace, this.outside]) mkdirSync(folder, { recursive: true });
    for (const name of programs) this.#program(join(this.bin, name));
    this.#program(join(this.workspace, "tool"));
    symlinkSync(join(this.workspace, "tool"), join(this.bin, "linked"));
    mkdirSync(join(this.workspace, "app"));
    for (const name of ["notes", "a", "run.py", "run.sh", "app/run.py", "app/notes"])
      writeFileSync(join(this.workspace, name), "");
    for (const name of ["exec-approvals.json", "state.db", "moltbot.json", "moltbot.json.bak"])
      writeFileSync(join(this.stateDir, name), "");
    symlinkSync("/etc", join(this.workspace, "leads-out"));
    symlinkSync(this.stateDir, join(this.workspace, "to-state"));
    symlinkSync("../..", join(this.workspace, "app", "up"));
    mkdirSync(join(this.workspace, "folder"));
    symlinkSync("/etc", join(this.workspace, "folder", "etc"));
    symlinkSync("folder", join(this.workspace, "linked-folder"));
    linkSync(join(this.stateDir, "exec-approvals.json"), join(this.workspace, "hard-link"));
  }

  rules(more: Partial<Rules> = {}): Rules {
    return {
      ...{ security: "allowlist", ask: "on-miss", askFallback: "deny", allowlist: [] },
      ...{ safeBins: new Set(DEFAULT_SAFE_BINS), skillBins: new Set<string>() },
      ...more,
    };
  }

  /** All that is found out about a command, as it would be before it runs. */
  async look(
    command: string,
    { cwd = this.workspace, isBackground = false }: Manner = {},
    allowlist: readonly AllowEntry[] = [],
  ): Promise<CommandAnalysis> {
    const agents = [this.workspace];
    const changed = allowlist.flatMap(({ exact }) => exact?.changes ?? []);
    const around = {
      path: pathFolders(this.#path, agents),
      writable: [...agents, ...changed],
      system: this.#system,
    };
    const analysis = await analyse(command, "bash", { takesInput: isBackground });
    const parts = analysis.commands.map((each) => ({ command: each, program: findProgram(each.argv[0], around) }));
    const state = new OwnState({
      ...{ stateDir: this.stateDir, configPath: join(this.stateDir, "moltbot.json"), workspaces: agents },
    });
    const more: string[] = [];
    return {
      ...{ command, analysis, parts, more },
      own: state.named(analysis, command, { cwd, env: { HOME: this.home } }),
      outside: soughtOutside({ analysis, cwd, agents }),
      staysInside: (part) => staysInside(part, { analysis, cwd, agents }),
      isAtHome: cwd === this.workspace,
      always: () =>
        alwaysOf({ command, cwd, isBackground, analysis, parts, more, agents, changed, state, home: this.home }),
    };
  }

  async judge(command: string, more: Partial<Rules> = {}, manner: Manner = {}): Promise<Verdict> {
    const rules = this.rules(more);
    return judge(await this.look(command, manner, rules.allowlist), rules);
  }

  /** What “always” would do. */
  async always(command: string, more: Partial<Rules> = {}): Promise<Always> {
    const { always, own } = await this.look(command, {}, more.allowlist);
    return own === undefined ? always() : { kind: "nothing", why: own };
  }

  /** The entries that “always” leaves. */
  async remember(command: string): Promise<Omit<AllowEntry, "id">[]> {
    return entriesFor(await this.always(command));
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #program(path: string): void {
    const target = Object.hasOwn(LINKS, basename(path)) ? join(dirname(path), LINKS[basename(path)]!) : path;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, "");
    chmodSync(target, 0o755);
    if (target !== path) symlinkSync(target, path);
  }
}
