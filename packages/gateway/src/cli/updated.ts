/** Hands the start of the gateway over to the version that an update has put in place. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { currentVersion, isNewer, programOf, versionFolder } from "../base/update/record.ts";
import { VERSION } from "../base/version.ts";

/**
 * Goes on as the version that `current` names, when that is newer than this one. Returns when this one is to start.
 */
export async function handOver(stateDir: string): Promise<void> {
  const { execPath, execve } = process;
  const version = currentVersion(stateDir);
  if (version === undefined || !isNewer(version, VERSION) || process.env.MOLTBOT_VERSION_IN_USE === version) return;
  const program = programOf(versionFolder(stateDir, version));
  if (program === undefined) return;
  const words = [program, ...process.argv.slice(2)];
  const env = { ...process.env, MOLTBOT_VERSION_IN_USE: version };
  if (process.platform !== "win32" && execve) execve(execPath, [execPath, ...words], env);
  const child = spawn(execPath, words, { stdio: "inherit", env });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
  const [code] = await once(child, "close");
  process.exit(code ?? 1);
}
