/**
 * Services under the task scheduler of Windows, which starts them at logon. Source: schtasks. Never run on Windows by us: it is
 * built on the documented interface. WSL with systemd is the better choice.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTextIfExists } from "../../base/files.ts";
import { CliError } from "../language/exit.ts";
import { lastWords, type ProgramEnd, runProgram } from "./program.ts";
import type { OtherService, ServicePlan, ServiceState, Supervisor } from "./service.ts";
import { programOfScript, taskScript } from "./task-script.ts";

/** What the scheduler is told, and where. */
export interface WindowsOptions {
  readonly task: string;
  /** The folder in which the script stands: the state folder. */
  readonly folder: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Tasks under which relatives of this program were installed. */
const OTHER_TASK = /^"\\((?:Clawdbot|OpenClaw|Clawdis) [^"\\]+)"/gim;

export class WindowsTasks implements Supervisor {
  readonly label = "Windows tasks";
  readonly #options: WindowsOptions;
  readonly #file: string;

  constructor(options: WindowsOptions) {
    this.#options = options;
    this.#file = join(options.folder, options.script);
  }

  async install(plan: ServicePlan): Promise<readonly string[]> {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#file, taskScript(plan), { mode: 0o600 });
    const { task } = this.#options;
    await this.#must(["/Create", "/F", "/SC", "ONLOGON", "/RL", "LIMITED", "/TN", task, "/TR", `"${this.#file}"`]);
    await this.#must(["/Run", "/TN", task]);
    return [
      "It runs from your next logon on, and ends at your logoff. WSL with systemd keeps it running: see docs/services.md.",
    ];
  }

  async uninstall(): Promise<boolean> {
    if (!existsSync(this.#file)) return false;
    await this.#ask(["/End", "/TN", this.#options.task]);
    await this.#must(["/Delete", "/F", "/TN", this.#options.task]);
    rmSync(this.#file, { force: true });
    return true;
  }

  async start(): Promise<void> {
    await this.#must(["/Run", "/TN", this.#options.task]);
  }

  async stop(): Promise<void> {
    await this.#must(["/End", "/TN", this.#options.task]);
  }

  async restart(): Promise<void> {
    await this.#ask(["/End", "/TN", this.#options.task]);
    await this.start();
  }

  async state(): Promise<ServiceState> {
    const text = readTextIfExists(this.#file);
    const base = { supervisor: this.label, name: this.#options.task };
    if (text === undefined) return { ...base, file: undefined, isRunning: false, startsByItself: false, problems: [] };
    const { code, stdout } = await this.#ask(["/Query", "/TN", this.#options.task, "/FO", "CSV", "/NH"]);
    const status = /"([^"]*)"\s*$/.exec(stdout.trim())?.[1];
    return {
      ...base,
      file: this.#file,
      isRunning: status === "Running",
      startsByItself: code === 0,
      detail: code === 0 ? (status ?? "known") : "the task is gone",
      program: programOfScript(text),
      problems: code === 0 ? [] : ["The task is gone; make it again with `moltbot gateway install`."],
    };
  }

  async others(): Promise<readonly OtherService[]> {
    const { stdout } = await this.#ask(["/Query", "/FO", "CSV", "/NH"]);
    return [...stdout.matchAll(OTHER_TASK)].map(([, name = ""]) => ({ supervisor: this.label, name, file: name }));
  }

  async removeOther({ name }: OtherService): Promise<void> {
    await this.#ask(["/End", "/TN", name]);
    await this.#must(["/Delete", "/F", "/TN", name]);
  }

  async #ask(args: readonly string[]): Promise<ProgramEnd> {
    return await runProgram("schtasks", args, this.#options.env);
  }

  async #must(args: readonly string[]): Promise<void> {
    const ended = await this.#ask(args);
    if (ended.code !== 0)
      throw new CliError(`\`schtasks ${args[0]}\` did not work (${lastWords(ended) || `code ${ended.code}`}).`);
  }
}
