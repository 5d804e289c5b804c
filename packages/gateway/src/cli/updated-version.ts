/** Hands the start of the gateway over to the version that an update has put in place. */
import { execProgram, loadProgram } from "../base/process/exec-program.ts";
import { currentVersion, isNewer, lastUpdate, programOf, versionFolder } from "../base/update/record.ts";
import { VERSION } from "../base/version.ts";

/**
 * Goes on as the version that `current` names, when that is newer than this one or was chosen in its place. Returns when this
 * one is to start.
 */
export async function execUpdatedVersion(
  stateDir: string,
  { hasSockets }: { readonly hasSockets: boolean },
): Promise<void> {
  const version = currentVersion(stateDir);
  if (version === undefined || process.env.MOLTBOT_VERSION_IN_USE === version) return;
  if (!isNewer(version, VERSION) && !isChosen(stateDir, version)) return;
  const program = programOf(versionFolder(stateDir, version));
  if (program === undefined) return;
  const told = { MOLTBOT_VERSION_IN_USE: version, MOLTBOT_STARTED_AS: process.argv[1] ?? "" };
  if (hasSockets) await loadProgram(program, told);
  await execProgram([program, ...process.argv.slice(2)], { ...process.env, ...told });
}

/** Whether the last update went from this version to an older one. */
function isChosen(stateDir: string, version: string): boolean {
  const last = lastUpdate(stateDir);
  return last?.phase === "done" && last.to === version && last.from === VERSION;
}
