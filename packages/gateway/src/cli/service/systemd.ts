/** Services under systemd, of one user or of the whole system. Source: systemctl(1), loginctl(1). */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defined } from "../../base/defined.ts";
import { codeOf, ignore } from "../../base/errors.ts";
import { readTextIfExists } from "../../base/files.ts";
import { CliError } from "../language/exit.ts";
import { othersIn, putAside } from "./others.ts";
import { lastWords, type ProgramEnd, runProgram } from "./program.ts";
import type { Lingering, OtherService, ServicePlan, ServiceState, Supervisor } from "./service.ts";
import { programOf, type SystemdScope, socketText, unitText } from "./systemd-unit.ts";

/** What systemd is told, and where. */
export interface SystemdOptions {
  readonly scope: SystemdScope;
  /** Without `.service`. */
  readonly name: string;
  /** The folder of the user's own units. */
  readonly userFolder: string;
  /** The folder of the system's units. */
  readonly systemFolder: string;
  readonly userName: string;
  readonly uid: number;
  readonly env: NodeJS.ProcessEnv;
}

/** The folder of a user's own units. */
export function userUnits(env: NodeJS.ProcessEnv, home: string): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "systemd", "user");
}

export const SYSTEM_UNITS = "/etc/systemd/system";

const LABELS: Readonly<Record<SystemdScope, string>> = { user: "systemd (user)", system: "systemd (system)" };

export class Systemd implements Supervisor {
  readonly label: string;
  readonly #options: SystemdOptions;
  readonly #unit: string;
  readonly #file: string;
  readonly #socket: string;
  readonly #socketFile: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.label = LABELS[options.scope];
    this.#unit = `${options.name}.service`;
    this.#file = join(options.scope === "user" ? options.userFolder : options.systemFolder, this.#unit);
    this.#socket = `${options.name}.socket`;
    this.#socketFile = this.#file.replace(/\.service$/, ".socket");
    // Over ssh and sudo the variable that names the user's bus is not set; its usual place often exists all the same.
    const usual = `/run/user/${options.uid}`;
    const isLost = options.scope === "user" && !options.env.XDG_RUNTIME_DIR && existsSync(usual);
    this.#env = isLost ? { ...options.env, XDG_RUNTIME_DIR: usual } : options.env;
  }

  async install(plan: ServicePlan): Promise<readonly string[]> {
    writeUnit(this.#file, unitText(plan, this.#options.scope));
    const hasSockets = (plan.sockets ?? []).length > 0;
    if (!hasSockets) await this.#removeSocket();
    if (hasSockets) writeUnit(this.#socketFile, socketText(plan));
    await this.#must(["daemon-reload"]);
    if (hasSockets) {
      // A service that runs holds the port itself; systemd can listen there only when it is free.
      await this.#ask(["stop", this.#unit]);
      await this.#must(["enable", this.#socket]);
      await this.#must(["restart", this.#socket]);
    }
    await this.#must(["enable", this.#unit]);
    await this.#must(["restart", this.#unit]);
    return this.#options.scope === "user" ? await this.#linger() : [];
  }

  async uninstall(): Promise<boolean> {
    if (!existsSync(this.#file)) return false;
    await this.#removeSocket();
    await this.#must(["disable", "--now", this.#unit]);
    rmSync(this.#file, { force: true });
    await this.#must(["daemon-reload"]);
    return true;
  }

  async start(): Promise<void> {
    await this.#must(["start", this.#unit]);
  }

  /** With the socket still there, the next client would start it again. */
  async stop(): Promise<void> {
    if (existsSync(this.#socketFile)) await this.#must(["stop", this.#socket]);
    await this.#must(["stop", this.#unit]);
  }

  async restart(): Promise<void> {
    await this.#must(["restart", this.#unit]);
  }

  async state(): Promise<ServiceState> {
    const text = readTextIfExists(this.#file);
    const base = { supervisor: this.label, name: this.#unit };
    if (text === undefined) return { ...base, file: undefined, isRunning: false, startsByItself: false, problems: [] };
    const program = programOf(text);
    const answer = await this.#ask([
      ...["show", this.#unit, "--no-pager"],
      "--property=ActiveState,SubState,MainPID,UnitFileState,Result,ExecMainStatus,NRestarts,NeedDaemonReload",
    ]);
    if (answer.code !== 0) {
      const problems = [busProblem(answer) ?? `systemctl says: ${lastWords(answer)}`];
      return { ...base, file: this.#file, isRunning: false, startsByItself: false, program, problems };
    }
    const facts = factsOf(answer.stdout);
    const pid = Number(facts.MainPID) || undefined;
    return {
      ...base,
      file: this.#file,
      isRunning: facts.ActiveState === "active",
      startsByItself: facts.UnitFileState === "enabled",
      ...defined({ pid }),
      detail: `${facts.ActiveState ?? "unknown"} (${facts.SubState ?? "unknown"})`,
      program,
      problems: [...this.#problemsOf(facts), ...(await this.#lingerProblem())],
    };
  }

  /** Only a service that is installed for the user needs it. */
  get lingering(): Lingering | undefined {
    const { scope, userName } = this.#options;
    if (scope === "system" || !existsSync(this.#file)) return undefined;
    return {
      userName,
      isOn: async () => (await this.#lingerProblem()).length === 0,
      set: async (isOn) => {
        const ended = await this.#loginctl([isOn ? "enable-linger" : "disable-linger", userName]);
        if (ended?.code === 0) return;
        const verb = isOn ? "enable-linger" : "disable-linger";
        throw new CliError(`loginctl does not allow it; run \`sudo loginctl ${verb} ${userName}\`.`);
      },
    };
  }

  async others(): Promise<readonly OtherService[]> {
    const { userFolder, systemFolder } = this.#options;
    return [
      ...othersIn({ supervisor: LABELS.user, path: userFolder, ending: ".service" }),
      ...othersIn({ supervisor: LABELS.system, path: systemFolder, ending: ".service" }),
    ];
  }

  async removeOther({ supervisor, name, file }: OtherService): Promise<void> {
    const scope = supervisor === LABELS.user ? ["--user"] : [];
    const ended = await runProgram("systemctl", [...scope, "disable", "--now", `${name}.service`], this.#env);
    if (ended.code !== 0) throw this.#refusal(ended, `disable --now ${name}.service`);
    putAside(file);
    await runProgram("systemctl", [...scope, "daemon-reload"], this.#env);
  }

  async #removeSocket(): Promise<void> {
    if (!existsSync(this.#socketFile)) return;
    await this.#must(["disable", "--now", this.#socket]);
    rmSync(this.#socketFile, { force: true });
  }

  #problemsOf(facts: Readonly<Record<string, string>>): string[] {
    const problems: string[] = [];
    if (facts.ExecMainStatus === "78" && facts.ActiveState !== "active")
      problems.push(
        "It ended with 78: a person must mend something first. `moltbot logs` and `moltbot doctor` say what.",
      );
    if (facts.NeedDaemonReload === "yes")
      problems.push("Its file was changed; take it in with `moltbot gateway install`.");
    if (facts.UnitFileState === "disabled")
      problems.push("It does not start by itself; `moltbot gateway install` enables it.");
    return problems;
  }

  /** Turns lingering on, so that the service outlives the login; a note where that is not allowed. */
  async #linger(): Promise<readonly string[]> {
    if ((await this.#lingerProblem()).length === 0) return [];
    const ended = await this.#loginctl(["enable-linger", this.#options.userName]);
    if (ended?.code === 0 && (await this.#lingerProblem()).length === 0)
      return ["Lingering is on: the service runs without a login, and after a boot."];
    return await this.#lingerProblem();
  }

  async #lingerProblem(): Promise<readonly string[]> {
    const { scope, userName } = this.#options;
    if (scope === "system") return [];
    const shown = await this.#loginctl(["show-user", userName, "--property=Linger"]);
    // Of a user who is not logged in and does not linger loginctl knows nothing.
    if (shown === undefined || /^Linger=yes$/m.test(shown.stdout)) return [];
    return [
      `Without lingering the service ends at the logout of ${userName} and does not start at boot: run \`sudo loginctl enable-linger ${userName}\`.`,
    ];
  }

  /** Undefined where there is no loginctl: then nothing ends services at a logout. */
  async #loginctl(args: readonly string[]): Promise<ProgramEnd | undefined> {
    try {
      return await runProgram("loginctl", args, this.#env);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      ignore(error, "a system without logind does not end services at a logout");
      return undefined;
    }
  }

  async #ask(args: readonly string[]): Promise<ProgramEnd> {
    const scope = this.#options.scope === "user" ? ["--user"] : [];
    return await runProgram("systemctl", [...scope, ...args], this.#env);
  }

  async #must(args: readonly string[]): Promise<void> {
    const ended = await this.#ask(args);
    if (ended.code !== 0) throw this.#refusal(ended, args.join(" "));
  }

  #refusal(ended: ProgramEnd, what: string): CliError {
    const { scope, name } = this.#options;
    const known = busProblem(ended) ?? rightsProblem(ended);
    if (known !== undefined) return new CliError(known);
    const look = `journalctl${scope === "user" ? " --user" : ""} -u ${name} -n 50`;
    return new CliError(
      `\`systemctl ${what}\` did not work (${lastWords(ended) || `code ${ended.code}`}). Look with \`${look}\`, or \`moltbot logs\`.`,
    );
  }
}

/** What is wrong when the bus of the user's systemd cannot be reached; undefined for other failures. */
function busProblem({ stderr }: ProgramEnd): string | undefined {
  if (/not been booted with systemd/i.test(stderr))
    return "This system was not booted with systemd. Run `moltbot gateway` under another supervisor, or in a container's own command.";
  if (!/Failed to connect to (?:user scope )?bus|\$DBUS_SESSION_BUS_ADDRESS/i.test(stderr)) return undefined;
  return (
    "The systemd of this user cannot be reached. Log in as the user itself (not with su or sudo), or run " +
    "`sudo loginctl enable-linger USER` and set XDG_RUNTIME_DIR=/run/user/UID. " +
    "On Debian and Ubuntu the package dbus-user-session must be there. " +
    "Or install it for the whole system: `sudo moltbot gateway install --system --user USER`."
  );
}

function rightsProblem({ stderr }: ProgramEnd): string | undefined {
  if (!/Access denied|Permission denied|interactive authentication required/i.test(stderr)) return undefined;
  return "systemd does not allow this to your account; run the command with sudo.";
}

function factsOf(text: string): Record<string, string> {
  const pairs = text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function writeUnit(file: string, text: string): void {
  try {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode: 0o644 });
  } catch (error) {
    if (codeOf(error) !== "EACCES" && codeOf(error) !== "EROFS") throw error;
    throw new CliError(`${file} cannot be written; run the command with sudo, or leave out --system.`, 1, {
      cause: error,
    });
  }
}
