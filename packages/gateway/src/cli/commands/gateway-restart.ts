/** `moltbot gateway restart` — through the supervisor, or in place: the gateway keeps its process and its port. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../command.ts";
import { withGateway } from "../connect.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { duration } from "../render.ts";
import type { restartFlags } from "../service/flags.ts";
import { driveService, notInstalled } from "../service/verbs.ts";
import { namesGateway } from "../target.ts";

type RestartCall = Call<typeof restartFlags>;

/** How long a gateway may take to be back, in milliseconds. */
const BACK_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** Restarts the service where one is installed; else, and with `--in-place`, asks the gateway to restart itself. */
export async function restartGateway(call: RestartCall): Promise<ExitCode> {
  const { flags } = call;
  const isHere = !namesGateway(flags);
  if (!flags["in-place"] && isHere && (await driveService(call, "gateway", "restart")) !== undefined) return EXIT.ok;
  return await restartInPlace(call);
}

async function restartInPlace(call: RestartCall): Promise<ExitCode> {
  const { flags, out } = call;
  const startedAt = performance.now();
  await withGateway(call, ({ client, timeoutMs }) =>
    client.request("gateway.restart", { reason: "moltbot gateway restart" }, { timeoutMs }),
  ).catch((error) => {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable && !namesGateway(flags))
      throw notInstalled("gateway");
    throw error;
  });
  await out.during("Restarting the gateway", back(call, startedAt));
  const tookMs = Math.round(performance.now() - startedAt);
  if (flags.json) out.json({ restarted: true, inPlace: true, tookMs });
  else out.print(`The gateway restarted in place, in ${duration(tookMs)}.`);
  return EXIT.ok;
}

/** Waits until the gateway that answers is younger than the request. */
async function back(call: RestartCall, askedAt: number): Promise<void> {
  for (;;) {
    const uptimeMs = await withGateway(call, async ({ client, timeoutMs }) => {
      const info = await client.request("system.info", {}, { timeoutMs });
      return info.uptimeMs;
    }).catch((error) => {
      if (error instanceof CliError && error.exitCode === EXIT.unreachable) return undefined;
      throw error;
    });
    const waitedMs = performance.now() - askedAt;
    if (uptimeMs !== undefined && uptimeMs < waitedMs) return;
    if (waitedMs > BACK_WITHIN_MS)
      throw new CliError(
        `The gateway is not back after ${duration(BACK_WITHIN_MS)}; \`moltbot logs\` says why.`,
        EXIT.timeout,
      );
    await sleep(LOOK_EVERY_MS);
  }
}
