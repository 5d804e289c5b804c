/** Goes on as another version of the gateway, after that has been tried. Nothing of the gateway is open meanwhile. */

import { Secrets } from "../base/privacy/secrets.ts";
import { execProgram, loadProgram } from "../base/process/exec-program.ts";
import { tryUpdate, undoUpdate } from "../base/update/trial.ts";
import { openLog } from "./log.ts";
import type { StartOptions } from "./options.ts";

/**
 * Goes back to the version from before where that waits, or tries the update that waits. Does not return when another version
 * stays: it goes on in this process. Returns when this one is to start.
 */
export async function goOnWithUpdate(options: StartOptions, signal: AbortSignal): Promise<void> {
  const { stateDir, env, sockets = [] } = options;
  const args = process.argv.slice(2);
  const before = undoUpdate(stateDir);
  // Only the supervisor can pass its sockets to another process: it starts the one from before.
  if (before && sockets.length > 0) process.exit(0);
  if (before) await execProgram([...before, ...args], { ...env, MOLTBOT_VERSION_IN_USE: "" });
  const outcome = await tryUpdate({ stateDir, env, args, signal, sockets });
  if (outcome?.kind === "kept") {
    const told = {
      MOLTBOT_VERSION_IN_USE: outcome.version,
      MOLTBOT_STARTED_AS: env.MOLTBOT_STARTED_AS || (process.argv[1] ?? ""),
    };
    if (sockets.length > 0) await loadProgram(outcome.program, told);
    await execProgram([outcome.program, ...args], { ...env, ...told });
  }
  if (outcome?.kind !== "back") return;
  await using stack = new AsyncDisposableStack();
  openLog(options, new Secrets(), stack).log.error("the new version was given up; the old one goes on", {
    why: outcome.why,
  });
}
