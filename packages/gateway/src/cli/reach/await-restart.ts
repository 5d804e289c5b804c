/** Waits until a gateway that restarts answers again, so that the next command finds it. */

import { setTimeout as sleep } from "node:timers/promises";
import { CliError, EXIT } from "../language/exit.ts";
import { duration } from "../terminal/render.ts";
import { type GatewayCall, withGateway } from "./connect.ts";
import { resolveTarget } from "./target.ts";

/** How long a gateway may take to be back unless --timeout says otherwise, and between two looks, in milliseconds. */
const BACK_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** When the restart was asked for (`performance.now()`), and what an error says that was done all the same. */
export interface RestartRequest {
  readonly atMs: number;
  readonly done?: string;
}

/**
 * Resolves when the gateway that answers is younger than the request. Throws `CliError` with what to do when none is back
 * in time.
 */
export async function awaitRestart(call: GatewayCall, { atMs, done }: RestartRequest): Promise<void> {
  const limitMs = call.flags.timeout ?? BACK_WITHIN_MS;
  const until = performance.now() + limitMs;
  for (;;) {
    const uptimeMs = await uptimeOf(call);
    if (uptimeMs !== undefined && uptimeMs < performance.now() - atMs) return;
    if (performance.now() > until) {
      const { url } = resolveTarget(call.flags, call.env);
      const problem = `the gateway at ${url} is not back after ${duration(limitMs)}; \`moltbot logs\` says why.`;
      throw new CliError(
        done === undefined ? `The${problem.slice("the".length)}` : `${done}, but ${problem}`,
        EXIT.timeout,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** For how long the gateway runs, ms; undefined while none answers. */
async function uptimeOf(call: GatewayCall): Promise<number | undefined> {
  try {
    // The address and the secret are read anew each time: the restart may be for them.
    return await withGateway(call, async ({ client, timeoutMs }) => {
      const info = await client.request("system.info", {}, { timeoutMs });
      return info.uptimeMs;
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.exitCode === EXIT.unreachable || error.exitCode === EXIT.timeout) return undefined;
    if (error.exitCode !== EXIT.unauthorised) throw error;
    const { flags, env } = call;
    const { token, password } = flags;
    const isGiven = token !== undefined || password !== undefined || !resolveTarget(flags, env).isLocal;
    // With a secret that was given, the new gateway refuses; with the one of the settings, which are changed, the one before.
    return isGiven ? 0 : undefined;
  }
}
