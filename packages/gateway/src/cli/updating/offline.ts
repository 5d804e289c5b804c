/** Updates while no gateway runs: the command does what the gateway does else, and the next start is that of the new version. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../base/files.ts";
import { isHeld } from "../../base/store/store-held.ts";
import { switchTo, undoUpdate } from "../../base/update/trial.ts";
import type { Updates } from "../../slices/operations/update/update.ts";
import { CliError, EXIT } from "../language/exit.ts";
import { sentence } from "../language/failure.ts";
import { readInstance } from "../reach/instance.ts";
import { namesGateway, resolveTarget, type TargetFlags } from "../reach/target.ts";
import { onStop } from "../terminal/stop.ts";
import { execUpdatedVersion } from "../updated-version.ts";

/** What a command is called with. */
interface Calling {
  readonly flags: TargetFlags & { readonly timeout?: number | undefined };
  readonly env: NodeJS.ProcessEnv;
}

/** The state folder of this machine when no gateway runs on it; undefined when one is to be asked. */
export function offlineStateDir({ flags, env }: Calling): string | undefined {
  if (namesGateway(flags)) return undefined;
  const target = resolveTarget(flags, env);
  return target.isLocal && !readInstance(target.stateDir) ? target.stateDir : undefined;
}

/** Does `work` with the updates of a state folder, as the version that is in place there. Nothing else may use it meanwhile. */
export async function withUpdates<T>(
  stateDir: string,
  { env, flags }: Calling,
  work: (updates: Updates, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (existsSync(join(stateDir, "current"))) await execUpdatedVersion(stateDir, { hasSockets: false });
  const { openOffline } = await import("../../start/supervise.ts");
  await using offline = await opened(() => openOffline({ stateDir, env, sinks: [] }), stateDir);
  const { update } = offline.gateway as unknown as { update: Updates };
  const limit = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout);
  const stop = new AbortController();
  using _stop = onStop(() => stop.abort(new CliError("The update was broken off; nothing was changed.")));
  try {
    return await work(update, limit === undefined ? stop.signal : AbortSignal.any([stop.signal, limit]));
  } catch (error) {
    // By name: in the published form the services have their own copy of the class.
    if (error instanceof Error && error.name === "GatewayError")
      throw new CliError(sentence(error.message), EXIT.failed, { cause: error });
    throw error;
  }
}

/** A process that uses the database and has no port is another command. */
async function opened<T>(open: () => Promise<T>, stateDir: string): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!isHeld(databasePath(stateDir))) throw error;
    throw new CliError(
      "Another update is under way on this state folder, or a gateway has just started; wait for its end.",
      EXIT.failed,
      {
        cause: error,
      },
    );
  }
}

/** Puts a version that `Updates.run` has made ready in place, for the next start. */
export function putInPlace(stateDir: string): void {
  if (!switchTo(stateDir)) throw new CliError("The version is not ready any more; run `moltbot update` again.");
}

/** Goes back, for the next start, to what `Updates.undo` has made ready. */
export function putBack(stateDir: string): void {
  undoUpdate(stateDir);
}
