/** Opens the database of a state folder, and says in a sentence why a start has failed. */
import { ignore, StartError, TellableError } from "../base/errors.ts";
import { databasePath, fileExists, tokenKeyPath } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import { isDamage, storageProblem } from "../base/process/machine.ts";
import { openStore, type Store } from "../base/store/store.ts";
import { StoreBusyError } from "../base/store/store-held.ts";
import { checkInSubprocess } from "../base/store/store-subprocess.ts";
import { recoveryAdvice } from "../base/store/store-trust.ts";
import { systemClock } from "../base/time/clock.ts";
import { TABLES } from "../catalog.ts";
import { readInstance } from "./instance.ts";

/** How long a start that failed may look whether its database is damaged, ms. */
const START_CHECK_MS = 60_000;

/** Opens the database; throws `StartError` when another gateway holds it. */
export function openState(stateDir: string, log: Log): Store {
  try {
    return openStore(databasePath(stateDir), TABLES, { log, signsOfUse: [tokenKeyPath(stateDir)] });
  } catch (error) {
    if (!(error instanceof StoreBusyError)) throw error;
    const { pid, url } = readInstance(stateDir);
    const who = pid === undefined ? "Another process" : `A gateway (pid ${pid}${url ? `, ${url}` : ""})`;
    throw new StartError(
      `${who} already runs on ${stateDir}; use that one, stop it with \`moltbot gateway stop\`, or start another with --profile NAME.`,
      { cause: error },
    );
  }
}

/** What a start that failed says. An error that nobody expected may come from a damaged database: then it is checked. */
export async function startErrorOf(error: unknown, stateDir: string): Promise<unknown> {
  if (error instanceof TellableError) return error;
  if (isDamage(error) || (storageProblem(error) === undefined && (await isBroken(databasePath(stateDir)))))
    return new StartError(`${databasePath(stateDir)} is damaged. ${recoveryAdvice(databasePath(stateDir))}`, {
      cause: error,
      isLasting: true,
    });
  const problem = storageProblem(error);
  return problem ? new StartError(`The gateway cannot start on ${stateDir}: ${problem}.`, { cause: error }) : error;
}

async function isBroken(database: string): Promise<boolean> {
  if (!fileExists(database)) return false;
  const checking = checkInSubprocess(database, { clock: systemClock, signal: AbortSignal.timeout(START_CHECK_MS) });
  const finding = await checking.catch((error) => ignore(error, "the error itself is told"));
  return finding?.isWhole === false;
}
