/**
 * Services under launchd, as agents of the user who is logged in. Source: launchctl(1), launchd.plist(5). Never run on a Mac
 * by us: it is built on the documented interface.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defined } from "../../base/defined.ts";
import { readTextIfExists } from "../../base/files.ts";
import { CliError } from "../language/exit.ts";
import { plistText, programOfPlist } from "./launchd-plist.ts";
import { othersIn, putAside } from "./others.ts";
import { lastWords, type ProgramEnd, runProgram } from "./program.ts";
import type { OtherService, ServicePlan, ServiceState, Supervisor } from "./service.ts";

/** What launchd is told, and where. */
export interface LaunchdOptions {
  readonly label: string;
  /** `~/Library/LaunchAgents`. */
  readonly folder: string;
  readonly uid: number;
  readonly env: NodeJS.ProcessEnv;
}

export class Launchd implements Supervisor {
  readonly label = "launchd";
  readonly #options: LaunchdOptions;
  readonly #file: string;
  readonly #domain: string;
  readonly #target: string;

  constructor(options: LaunchdOptions) {
    this.#options = options;
    this.#file = join(options.folder, `${options.label}.plist`);
    this.#domain = `gui/${options.uid}`;
    this.#target = `${this.#domain}/${options.label}`;
  }

  async install(plan: ServicePlan): Promise<readonly string[]> {
    await this.#unload();
    mkdirSync(this.#options.folder, { recursive: true });
    writeFileSync(this.#file, plistText(plan), { mode: 0o644 });
    await this.#must(["enable", this.#target]);
    await this.#load();
    return ["It runs while you are logged in. For a Mac that nobody logs in to, turn on automatic login."];
  }

  async uninstall(): Promise<boolean> {
    const isThere = existsSync(this.#file);
    await this.#unload();
    rmSync(this.#file, { force: true });
    return isThere;
  }

  /** An agent that was booted out is not known to launchd any more: it is loaded again. */
  async start(): Promise<void> {
    if (await this.#print()) await this.#must(["kickstart", this.#target]);
    else await this.#load();
  }

  /** An agent is kept alive: only one that is booted out stays down. */
  async stop(): Promise<void> {
    await this.#unload();
  }

  async restart(): Promise<void> {
    if (await this.#print()) await this.#must(["kickstart", "-k", this.#target]);
    else await this.#load();
  }

  async state(): Promise<ServiceState> {
    const text = readTextIfExists(this.#file);
    const base = { supervisor: this.label, name: this.#options.label };
    if (text === undefined) return { ...base, file: undefined, isRunning: false, startsByItself: false, problems: [] };
    const shown = await this.#print();
    const pid = Number(/^\s*pid = (\d+)/m.exec(shown ?? "")?.[1]) || undefined;
    const lastExit = /^\s*last exit code = (\d+)/m.exec(shown ?? "")?.[1];
    const problems =
      lastExit === "78" && pid === undefined
        ? ["It ended with 78: a person must mend something first. `moltbot logs` and `moltbot doctor` say what."]
        : [];
    return {
      ...base,
      file: this.#file,
      isRunning: pid !== undefined,
      startsByItself: shown !== undefined,
      ...defined({ pid }),
      detail: shown === undefined ? "not loaded" : (/^\s*state = (.+)$/m.exec(shown)?.[1] ?? "loaded"),
      program: programOfPlist(text),
      problems,
    };
  }

  async others(): Promise<readonly OtherService[]> {
    return othersIn({ supervisor: this.label, path: this.#options.folder, ending: ".plist" });
  }

  async removeOther({ name, file }: OtherService): Promise<void> {
    await this.#ask(["bootout", `${this.#domain}/${name}`]);
    putAside(file);
  }

  /** What launchd knows of the agent; undefined when it is not loaded. */
  async #print(): Promise<string | undefined> {
    const { code, stdout } = await this.#ask(["print", this.#target]);
    return code === 0 ? stdout : undefined;
  }

  async #load(): Promise<void> {
    await this.#must(["bootstrap", this.#domain, this.#file]);
  }

  /** `bootout` fails for an agent that is not loaded, which is what is wanted here. */
  async #unload(): Promise<void> {
    if (await this.#print()) await this.#must(["bootout", this.#target]);
  }

  async #ask(args: readonly string[]): Promise<ProgramEnd> {
    return await runProgram("launchctl", args, this.#options.env);
  }

  async #must(args: readonly string[]): Promise<void> {
    const ended = await this.#ask(args);
    if (ended.code === 0) return;
    const said = lastWords(ended) || `code ${ended.code}`;
    const isFar = args[0] === "bootstrap" && /Domain does not support|Could not find domain|\b125\b/i.test(said);
    throw new CliError(
      isFar
        ? "launchd has no session of this user: log in at the Mac's screen once, then try again there."
        : `\`launchctl ${args.join(" ")}\` did not work (${said}). \`moltbot doctor\` looks for what is wrong.`,
    );
  }
}
