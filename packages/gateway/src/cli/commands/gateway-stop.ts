/** `moltbot gateway stop` — stops the service of the gateway, or ends the one that runs on this state folder. */

import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { resolveStateDir } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { type Instance, isAlive, readInstance } from "../reach/instance.ts";
import { mustBeHere } from "../reach/target.ts";
import type { scopeFlag } from "../service/flags.ts";
import { driveService, lookAtService } from "../service/verbs.ts";
import { duration } from "../terminal/render.ts";

/** A clean stop is over within 10 s; then the gateway ends itself. */
const WAIT_MS = 12_000;
const LOOK_EVERY_MS = 50;

/** Stops the service where one runs, since that would start the process again; else sends SIGTERM and waits for the end. */
export async function stopGateway(call: Call<typeof scopeFlag>): Promise<ExitCode> {
  const { flags, env, out } = call;
  mustBeHere(flags, "gateway stop");
  if (await isServiceUp(call)) {
    await driveService(call, "gateway", "stop");
    return EXIT.ok;
  }
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const instance = readInstance(stateDir);
  if (!instance || !isStillGateway(instance)) {
    if (flags.json) out.json({ stopped: false, reason: "not running" });
    else out.print(`No gateway runs on ${stateDir}.`);
    return EXIT.ok;
  }
  const { pid } = instance;
  const startedAt = performance.now();
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    throw new CliError(`The gateway (pid ${pid}) belongs to another user; stop it as that user.`, 1, {
      cause: error,
    });
  }
  const tookMs = await out.during(`Stopping the gateway (pid ${pid})`, ended(pid, startedAt));
  if (flags.json) out.json({ stopped: true, pid, tookMs: Math.round(tookMs) });
  else out.print(`The gateway (pid ${pid}) stopped after ${duration(tookMs)}.`);
  return EXIT.ok;
}

async function isServiceUp(call: Call<typeof scopeFlag>): Promise<boolean> {
  const service = await lookAtService(call, "gateway");
  return service?.state.isRunning === true;
}

async function ended(pid: number, startedAt: number): Promise<number> {
  while (isAlive(pid)) {
    if (performance.now() - startedAt > WAIT_MS) {
      throw new CliError(
        `The gateway (pid ${pid}) still runs after ${duration(WAIT_MS)}; end it with \`kill -9 ${pid}\`.`,
        EXIT.timeout,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
  return performance.now() - startedAt;
}

/**
 * Whether the process still is that gateway: process ids are used again, and nobody else's may be signalled.
 * True where the system has no `ps` to ask.
 */
function isStillGateway({ pid }: Instance): boolean {
  const { stdout, error } = spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  return error !== undefined || /\bgateway\b/.test(stdout);
}
