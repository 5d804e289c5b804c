/** How the last restore ended, as far as its owner has to know: it was given up, or not all could be taken over. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ignore, TellableError } from "../errors.ts";
import { readTextIfExists, writePrivateFile } from "../files.ts";
import { storageProblem } from "../process/machine.ts";
import { isCount, isShaped, isText } from "../shape.ts";

interface Ended {
  readonly problem: string;
  readonly at: number;
}

const isEnded = isShaped<Ended>({ problem: isText, at: isCount });
const path = (stateDir: string) => join(stateDir, "restore-last.json");
/** It is told for a week, ms: whoever goes on without it need not be told for ever. */
const TOLD_MS = 7 * 24 * 3_600_000;

/** A restore of `what` that was given up. */
export function givenUp(what: string, error: unknown): string {
  const why = storageProblem(error) ?? (error instanceof TellableError ? error.message : "the log says why");
  return `The restore of ${what} was given up (${why}), and what was there before it is in use. Mend that, and restore again; \`moltbot logs\` says more.`;
}

/** A restore of `what` that is in place without all of what came since. */
export function notCarried(what: string): string {
  return `The restore of ${what} could not take over all that came in and went out since. Messages of that time may be answered again; look at \`moltbot why\`.`;
}

/** Notes how a restore has ended; without a problem, nothing is told any more. */
export function noteRestore(stateDir: string, ended: Ended | undefined): void {
  try {
    if (ended === undefined) rmSync(path(stateDir), { force: true });
    else writePrivateFile(path(stateDir), JSON.stringify(ended));
  } catch (error) {
    ignore(error, "a full disk must not keep the gateway from starting; the log tells how it ended");
  }
}

/** What is to be told of the last restore. */
export function restoreProblem(stateDir: string, now: number): string | undefined {
  try {
    const ended: unknown = JSON.parse(readTextIfExists(path(stateDir)) ?? "null");
    return isEnded(ended) && now - ended.at < TOLD_MS ? ended.problem : undefined;
  } catch (error) {
    ignore(error, "a note that cannot be read is none");
    return undefined;
  }
}
