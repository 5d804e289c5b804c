/** What of onboarding happens on this machine: the state of an older gateway, the service, a gateway that runs. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolveStateDir } from "../../base/files.ts";
import { foldersOfOthers } from "../../base/other-gateways.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { dashboardLink, namesGateway, resolveTarget } from "../reach/target.ts";
import { lookAtService } from "../service/verbs.ts";
import { canAsk, confirm, Unanswered } from "../terminal/prompt.ts";
import { onStop } from "../terminal/stop.ts";
import { followWizard } from "./wizard.ts";

/** What onboarding is given. */
type OnboardCall = Call<{
  readonly "skip-import": { readonly kind: "switch"; readonly summary: string };
  readonly "skip-service": { readonly kind: "switch"; readonly summary: string };
}>;

/** Leads through all of it; with a gateway elsewhere only through what happens there. */
export async function onboardHere(call: OnboardCall): Promise<ExitCode> {
  if (!canAsk()) {
    throw usageError(
      "Onboarding asks questions and needs a terminal. Without one: `moltbot models auth`, `moltbot channels add`, `moltbot gateway install`.",
    );
  }
  try {
    return await lead(call);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    throw new CliError(
      "Onboarding is broken off. What is set up so far stays; `moltbot onboard` goes on with the rest.",
    );
  }
}

async function lead(call: OnboardCall): Promise<ExitCode> {
  const target = resolveTarget(call.flags, call.env);
  const isHere = !namesGateway(call.flags) && target.isLocal;
  using child = isHere ? await ensureRuns(call) : undefined;
  await withGateway(call, (link) => followWizard(link, call.out));
  if (isHere) call.out.print(`Open ${call.out.style.cyan(dashboardLink(resolveTarget(call.flags, call.env)))}`);
  if (child) await child.untilStopped(call.out);
  return EXIT.ok;
}

/** Sees to it that a gateway runs on this state folder; the one that is returned ends with this command. */
async function ensureRuns(call: OnboardCall): Promise<Child | undefined> {
  const { flags, env } = call;
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  if (readInstance(stateDir)) return undefined;
  if (!flags["skip-import"]) await offerImport(call, stateDir);
  if (!flags["skip-service"] && (await offerService(call))) {
    await mustEnd(
      self(call, ["gateway", "ready", "--wait", "60"]),
      "The service was installed, but its gateway does not answer; `moltbot logs` says why.",
    );
    return undefined;
  }
  const child = new Child(self(call, ["gateway"], "ignore"));
  const ready = once(self(call, ["gateway", "ready", "--wait", "60"], "ignore"), "close");
  const [code] = await call.out.during("Starting the gateway", Promise.race([ready, child.ended]));
  if (code === 0 && readInstance(stateDir)) return child;
  child[Symbol.dispose]();
  throw new CliError("The gateway does not start. Run `moltbot gateway` by itself; it says why.");
}

async function offerImport(call: OnboardCall, stateDir: string): Promise<void> {
  for (const folder of foldersOfOthers(call.env, stateDir)) {
    call.out.note(`The state of an older gateway is in ${folder}.`);
    if (!(await confirm("Take over its settings, conversations and jobs?", "yes"))) continue;
    const [code] = await once(self(call, ["import", folder]), "close");
    if (code !== 0) call.out.note(`It was not taken over; \`moltbot import ${folder}\` tries again later.`);
  }
}

/** Whether a service runs the gateway now. */
async function offerService(call: OnboardCall): Promise<boolean> {
  const found = await lookAtService({ ...call, flags: { ...call.flags, system: false } }, "gateway");
  if (!found || found.state.file !== undefined) return found?.state.isRunning === true;
  if (!(await confirm("Keep the gateway running as a service of this system?", "yes"))) return false;
  const [code] = await once(self(call, ["gateway", "install"]), "close");
  if (code !== 0) call.out.note("There is no service now; `moltbot gateway install` tries again later.");
  return code === 0;
}

async function mustEnd(child: ChildProcess, otherwise: string): Promise<void> {
  const [code] = await once(child, "close");
  if (code !== 0) throw new CliError(otherwise);
}

/** Runs this very program with other words. */
function self(
  { flags, env }: OnboardCall,
  words: readonly string[],
  stdio: "inherit" | "ignore" = "inherit",
): ChildProcess {
  const profile = flags.profile === undefined ? [] : ["--profile", flags.profile];
  return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...words, ...profile], { env, stdio });
}

/** A gateway that runs as long as this command. */
class Child implements Disposable {
  readonly #process: ChildProcess;
  readonly ended: Promise<unknown[]>;

  constructor(child: ChildProcess) {
    this.#process = child;
    this.ended = once(child, "close");
  }

  /** Ctrl-C goes to both; the gateway takes its time, and this command waits for it. */
  async untilStopped(out: Call["out"]): Promise<void> {
    using _stop = onStop(() => this.#process.kill("SIGTERM"));
    out.note(
      "The gateway runs as long as this command; Ctrl-C stops both. `moltbot gateway install` keeps it running.",
    );
    await this.ended;
  }

  [Symbol.dispose](): void {
    if (this.#process.exitCode === null) this.#process.kill("SIGTERM");
  }
}
