/** Hands this process over to another version of the gateway, after that has been tried. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Secrets } from "../base/privacy/secrets.ts";
import { tryUpdate, undoUpdate } from "../base/update/trial.ts";
import { openLog } from "./log.ts";
import type { StartOptions } from "./options.ts";

/**
 * Tries the update that waits, in the place of the gateway that has just stopped. Does not return when the new version
 * stays: it goes on in this process. Returns when the old one is to start again.
 */
export async function updateInPlace(options: StartOptions, signal: AbortSignal): Promise<void> {
  const { stateDir, env, ownsProcess = false } = options;
  if (!ownsProcess) return;
  const args = process.argv.slice(2);
  const before = undoUpdate(stateDir);
  if (before) await goOnAs([...before, ...args], { ...env, MOLTBOT_VERSION_IN_USE: "" });
  const outcome = await tryUpdate({ stateDir, env, args, signal });
  if (outcome?.kind === "kept")
    await goOnAs([outcome.program, ...args], { ...env, MOLTBOT_VERSION_IN_USE: outcome.version });
  if (outcome?.kind !== "back") return;
  await using stack = new AsyncDisposableStack();
  openLog(options, new Secrets(), stack).log.error("the new version was given up; the old one goes on", {
    why: outcome.why,
  });
}

/** Replaces this process by another program; where the system cannot, waits for it and ends as it ends. */
async function goOnAs(program: readonly string[], env: NodeJS.ProcessEnv): Promise<never> {
  const { execPath, execve } = process;
  if (process.platform !== "win32" && execve) execve(execPath, [execPath, ...program], env);
  const child = spawn(execPath, program, { stdio: "inherit", env });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
  const [code] = await once(child, "close");
  process.exit(code ?? 1);
}
