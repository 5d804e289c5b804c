/** What `install`, `uninstall`, `start`, `stop` and `restart` of a service do, for the gateway and for a node. */

import { resolveStateDir } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { readInstance } from "../reach/instance.ts";
import { mustBeHere } from "../reach/target.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { supervisorFor } from "./choose.ts";
import type { installFlags, scopeFlag } from "./flags.ts";
import { placeNotes, planService } from "./plan.ts";
import type { ServiceKind, ServiceState, Supervisor } from "./service.ts";

type InstallCall = Call<typeof installFlags>;
type ScopeCall = Call<typeof scopeFlag>;

/** What an installation is given besides its flags. */
interface Given {
  readonly kind: ServiceKind;
  readonly words?: readonly string[];
  readonly watchdog?: boolean;
  readonly sockets?: readonly string[];
}

/** Installs and starts the service. */
export async function installService(
  call: InstallCall,
  { kind, words = [], watchdog, sockets }: Given,
): Promise<ExitCode> {
  const { flags, env, out } = call;
  mustBeHere(flags, `${kind} install`);
  refuseSecrets(call);
  const user = userOf(call);
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const supervisor = await supervisorOf(call, kind);
  if (kind === "gateway") await refuseBesideForeground(stateDir, supervisor);
  const removed = await removeOthers(call, supervisor, kind);
  const { plan, notes } = planService({ kind, profile: flags.profile, stateDir, words, env, user, watchdog, sockets });
  const more = await out.during(`Starting ${kind}`, supervisor.install(plan));
  const state = await supervisor.state();
  if (flags.json) out.json({ installed: true, service: state, removed, notes: [...notes, ...more] });
  else {
    out.print(
      `The ${kind} runs under ${state.supervisor} as ${state.name}${state.pid === undefined ? "" : ` (pid ${state.pid})`}, and starts by itself.`,
    );
    out.print(out.style.dim(state.file ?? ""));
    for (const each of removed) out.print(`Removed the older service ${each}.`);
    for (const note of [...notes, ...more]) out.note(note);
  }
  return EXIT.ok;
}

/** Stops the service and removes it; what it kept on disk stays. */
export async function uninstallService({ flags, env, out }: ScopeCall, kind: ServiceKind): Promise<ExitCode> {
  mustBeHere(flags, `${kind} uninstall`);
  const supervisor = await supervisorOf({ flags, env }, kind);
  const wasThere = await supervisor.uninstall();
  if (flags.json) out.json({ uninstalled: wasThere });
  else
    out.print(
      wasThere
        ? `The service of the ${kind} is removed; its state and settings stay.`
        : `There is no service of the ${kind} to remove.`,
    );
  return EXIT.ok;
}

/** Starts, stops or restarts an installed service; undefined where none is installed. */
export async function driveService(
  call: ScopeCall,
  kind: ServiceKind,
  verb: "start" | "stop" | "restart",
): Promise<ServiceState | undefined> {
  const supervisor = await supervisorOf(call, kind);
  const { file } = await supervisor.state();
  if (file === undefined) return undefined;
  const doing = { start: "Starting", stop: "Stopping", restart: "Restarting" }[verb];
  await call.out.during(`${doing} the ${kind}`, supervisor[verb]());
  const state = await supervisor.state();
  const done = { start: "started", stop: "stopped", restart: "restarted" }[verb];
  if (call.flags.json) call.out.json({ [done]: true, service: state });
  else call.out.print(`The ${kind} is ${done} (${state.supervisor}, ${state.name}).`);
  return state;
}

/** Does a verb of a service that must be there. */
export async function mustDrive(
  call: ScopeCall,
  kind: ServiceKind,
  verb: "start" | "stop" | "restart",
): Promise<ExitCode> {
  mustBeHere(call.flags, `${kind} ${verb}`);
  if ((await driveService(call, kind, verb)) !== undefined) return EXIT.ok;
  throw notInstalled(kind);
}

export function notInstalled(kind: ServiceKind): CliError {
  const alone = kind === "gateway" ? "moltbot gateway" : "moltbot node run";
  return new CliError(
    `No service of the ${kind} is installed. \`moltbot ${kind} install\` makes one that starts by itself; \`${alone}\` runs it in this terminal.`,
  );
}

/** The service as it is now, and what else runs a gateway here; undefined where the system has no supervisor. */
export async function lookAtService(
  { flags, env }: Pick<ScopeCall, "flags" | "env">,
  kind: ServiceKind,
): Promise<{ readonly state: ServiceState; readonly others: readonly string[] } | undefined> {
  try {
    const supervisor = await supervisorOf({ flags, env }, kind);
    const state = await supervisor.state();
    return { state, others: (await supervisor.others()).map(({ name, file }) => `${name} (${file})`) };
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** The supervisor that the flags of a command mean. */
export async function supervisorOf(
  {
    flags,
    env,
  }: Pick<ScopeCall, "env"> & { readonly flags: { readonly profile?: string | undefined; readonly system?: boolean } },
  kind: ServiceKind,
): Promise<Supervisor> {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  return await supervisorFor({ kind, profile: flags.profile, stateDir, env, isSystem: flags.system || undefined });
}

/** A service's file can be read by others, so no secret may come in over the command line. */
function refuseSecrets({ flags }: InstallCall): void {
  for (const name of ["token", "password"] as const)
    if (flags[name] !== undefined)
      throw usageError(
        `--${name} would stand in the service's file, which others can read. Keep it in the settings: \`moltbot config set gateway.remote.${name}\`, or gateway.auth.${name} on the gateway's machine.`,
      );
}

function userOf({ flags, env }: InstallCall): string | undefined {
  if (!flags.system) {
    if (flags.user !== undefined) throw usageError("--user goes with --system only.");
    return undefined;
  }
  const user = flags.user ?? env.SUDO_USER;
  if (user === undefined)
    throw usageError("Name the account that it runs as: `sudo moltbot gateway install --system --user NAME`.");
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(user)) throw usageError(`${JSON.stringify(user)} is no account name.`);
  return user;
}

async function refuseBesideForeground(stateDir: string, supervisor: Supervisor): Promise<void> {
  const instance = readInstance(stateDir);
  if (!instance || (await supervisor.state()).isRunning) return;
  throw new CliError(
    `A gateway runs on this state folder already (pid ${instance.pid}). Stop it with \`moltbot gateway stop\`, then install the service.`,
  );
}

/** Finds services of other names, and removes those that the person gives up; returns their names. */
async function removeOthers({ flags, out }: InstallCall, supervisor: Supervisor, kind: ServiceKind): Promise<string[]> {
  if (kind !== "gateway") return [];
  const removed: string[] = [];
  for (const other of await supervisor.others()) {
    const question = `${other.name} (${other.file}) runs a gateway too; two of them fight over accounts. Stop and remove it?`;
    const isGivenUp = flags.replace || (!flags.yes && !flags.json && canAsk() && (await confirm(question, "yes")));
    if (isGivenUp) {
      await supervisor.removeOther(other);
      removed.push(other.name);
    } else
      out.note(
        `${other.name} (${other.file}) runs a gateway too; two of them fight over accounts. \`moltbot gateway install --replace\` removes it.`,
      );
  }
  return removed;
}

/** What a person should know of the program that a service starts. */
export function programProblems({ program = [] }: ServiceState, missing: readonly string[]): string[] {
  if (missing.length > 0)
    return [
      `The service starts ${missing.join(" and ")}, which is not there any more; run \`moltbot gateway install\` again.`,
    ];
  return placeNotes({
    node: program[0] ?? "",
    entry: program.find((word, at) => at > 0 && !word.startsWith("--")) ?? "",
  });
}
