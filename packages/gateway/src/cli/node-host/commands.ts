/**
 * The commands of this node: what is not possible on this machine is not among them. Their names are known at the start;
 * the rest of a command is loaded when it is first called.
 */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Env } from "../../base/files.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { NodeCommand } from "./command.ts";
import type { ExecPolicy } from "./exec-policy.ts";
import { browserProgram, notifyProgram } from "./which.ts";

export interface CommandOptions {
  readonly stateDir: string;
  readonly configPath: string;
  readonly env: Env;
  readonly clock: Clock;
  /** Folders whose files may be read and written. */
  readonly roots: readonly string[];
  /** Serve only these; all when empty. */
  readonly only: readonly string[];
  /** The browser that may be steered: a program, `off` for none, or undefined for the one that is found. */
  readonly browser?: string | undefined;
  /** Services beside those on public addresses that the browser may reach, as `host:port`. */
  readonly browserReach?: readonly string[];
}

const FILE_COMMANDS = ["fs.listDir", "dir.list", "file.stat", "file.fetch", "file.write", "file.create"];

/** All commands by name. Throws when a folder of `roots` is not there. */
export function nodeCommands(options: CommandOptions): ReadonlyMap<string, NodeCommand> {
  const { env, clock, only } = options;
  const policy = loadOnce(async (): Promise<ExecPolicy> => {
    const { ExecPolicy } = await import("./exec-policy.ts");
    return new ExecPolicy(options);
  });
  const program = notifyProgram(env);
  const browser = browserProgram(env, options.browser);
  const roots = options.roots.map((root) => realpathSync(resolve(root)));
  const runs = () => import("./system-run.ts");
  const system = () => import("./system.ts");
  const all = [
    late("system.run", "system", async () => (await runs()).systemRun(await policy(), clock)),
    late("system.run.prepare", "system", async () => (await runs()).systemRunPrepare(await policy())),
    late("system.which", "system", async () => (await system()).systemWhich(env)),
    ...(program === undefined
      ? []
      : [late("system.notify", "system", async () => (await system()).systemNotify(program, env, clock))]),
    ...["system.execApprovals.get", "system.execApprovals.set"].map((name) =>
      late(name, "system", async () => named(name, (await system()).execApprovals(await policy()))),
    ),
    ...(browser === undefined
      ? []
      : [
          late("browser.proxy", "browser", async () =>
            (await import("./browser/proxy.ts")).browserProxy({
              ...{ program: browser, stateDir: options.stateDir, env, clock, reach: options.browserReach ?? [] },
            }),
          ),
        ]),
    ...(roots.length === 0 ? [] : FILE_COMMANDS).map((name) =>
      late(name, "file", async () => named(name, (await import("./files.ts")).fileCommands(roots))),
    ),
  ];
  const served = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  return new Map(served.map((command) => [command.name, command]));
}

/** A command that is loaded by its first call. */
function late(name: string, cap: NodeCommand["cap"], load: () => Promise<NodeCommand>): NodeCommand {
  const loaded = loadOnce(load);
  return { name, cap, run: async (invoke) => await (await loaded()).run(invoke) };
}

function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

function named(name: string, commands: readonly NodeCommand[]): NodeCommand {
  return commands.find((each) => each.name === name)!;
}
