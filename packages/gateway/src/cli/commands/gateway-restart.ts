/** `moltbot gateway restart` — a new program in the same process, through the supervisor, or in place. */

import { statSync } from "node:fs";
import { processStartedAt } from "../../base/process/started-at.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { awaitRestart } from "../reach/await-restart.ts";
import { withGateway } from "../reach/connect.ts";
import { namesGateway } from "../reach/target.ts";
import type { restartFlags } from "../service/flags.ts";
import type { ServiceState } from "../service/service.ts";
import { driveService, lookAtService, notInstalled } from "../service/verbs.ts";
import { duration } from "../terminal/render.ts";

type RestartCall = Call<typeof restartFlags>;

/** The start of a process is known to the second, ms. */
const INEXACT_MS = 1_000;

/**
 * Restarts a service anew: the gateway that answers does that itself and is back at once, any other is restarted by its
 * supervisor. Without a service, and with `--in-place`, the gateway restarts in place.
 */
export async function restartGateway(call: RestartCall): Promise<ExitCode> {
  const { flags } = call;
  const service = flags["in-place"] || namesGateway(flags) ? undefined : await lookAtService(call, "gateway");
  if (service?.state.file === undefined) return await restartInPlace(call);
  if (!canStartAnew(service.state) || !(await startsAnew(call))) await driveService(call, "gateway", "restart");
  return EXIT.ok;
}

/** Whether the process may start its program anew by itself: what the supervisor gives it is as it was at its start. */
function canStartAnew({ file, pid, isRunning }: ServiceState): boolean {
  if (!isRunning || file === undefined || pid === undefined || process.platform === "win32") return false;
  const startedAt = processStartedAt(pid);
  return startedAt !== undefined && statSync(file).mtimeMs <= startedAt + INEXACT_MS;
}

/** False when the gateway of the service cannot be asked. */
async function startsAnew(call: RestartCall): Promise<boolean> {
  const { out, flags } = call;
  try {
    const tookMs = await restarted(call, { anew: true });
    const { state } = (await lookAtService(call, "gateway")) ?? {};
    if (flags.json) out.json({ restarted: true, service: state, tookMs });
    else out.print(`The gateway is restarted (${state?.supervisor}, ${state?.name}), in ${duration(tookMs)}.`);
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    out.note(`The gateway could not restart by itself, so its supervisor does it: ${error.message}`);
    return false;
  }
}

async function restartInPlace(call: RestartCall): Promise<ExitCode> {
  const { flags, out } = call;
  const tookMs = await restarted(call, {}).catch((error) => {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable && !namesGateway(flags))
      throw notInstalled("gateway");
    throw error;
  });
  if (flags.json) out.json({ restarted: true, inPlace: true, tookMs });
  else out.print(`The gateway restarted in place, in ${duration(tookMs)}.`);
  return EXIT.ok;
}

/** Asks for a restart and waits until the gateway is back; the time that took, ms. */
async function restarted(call: RestartCall, how: { readonly anew?: true }): Promise<number> {
  const startedAt = performance.now();
  await withGateway(call, ({ client, timeoutMs }) =>
    client.request("gateway.restart", { reason: "moltbot gateway restart", ...how }, { timeoutMs }),
  );
  await call.out.during("Restarting the gateway", awaitRestart(call, { atMs: startedAt }));
  return Math.round(performance.now() - startedAt);
}
