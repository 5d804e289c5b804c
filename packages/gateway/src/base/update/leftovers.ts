/** Cleans up after an update whose process was killed: a version that still runs, and unfinished folders. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "../errors.ts";
import { databasePath, readTextIfExists, writePrivateFile } from "../files.ts";
import { processStartedAt } from "../process/started-at.ts";
import { isCount, isShaped } from "../shape.ts";
import { isHeld } from "../store/store-held.ts";
import { systemClock } from "../time/clock.ts";
import { versionsFolder } from "./record.ts";

interface TrialNote {
  readonly pid: number;
  readonly at: number;
}

const isNote = isShaped<TrialNote>({ pid: isCount, at: isCount });

/** A killed program gives its database back within this time, ms. */
const END_MS = 5_000;
const LOOK_MS = 20;
/** The start of a process is known to the second, ms. */
const INEXACT_MS = 2_000;

/** Names the version that is being tried on a state folder. */
export const notePath = (stateDir: string) => join(stateDir, "update-trial.json");

/** Puts on record which process tries a version. */
export function noteTrial(stateDir: string, pid: number): void {
  try {
    writePrivateFile(notePath(stateDir), JSON.stringify({ pid, at: Date.now() } satisfies TrialNote));
  } catch (error) {
    ignore(error, "on a full disk the trial fails by itself");
  }
}

/**
 * Ends a version that is tried on a state folder although nobody watches it any more, and waits until it has released the
 * folder.
 */
export async function endLeftoverTrial(stateDir: string): Promise<void> {
  const note = readNote(stateDir);
  if (note === undefined) return;
  const startedAt = processStartedAt(note.pid);
  // The id may belong to another program by now; that one is younger than the note.
  if (startedAt !== undefined && startedAt <= note.at + INEXACT_MS) endGroup(note.pid);
  const until = performance.now() + END_MS;
  while (isHeld(databasePath(stateDir)) && performance.now() < until) await systemClock.sleep(LOOK_MS);
  rmSync(notePath(stateDir), { force: true });
}

/** Removes what was left of downloads and of trials on a copy. No update may be under way. */
export async function clearLeftovers(stateDir: string): Promise<void> {
  const folder = versionsFolder(stateDir);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^\..+\.tmp$/.test(name)) : [];
  for (const name of names) {
    await endLeftoverTrial(join(folder, name));
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function readNote(stateDir: string): TrialNote | undefined {
  try {
    const note: unknown = JSON.parse(readTextIfExists(notePath(stateDir)) ?? "null");
    return isNote(note) && note.pid > 1 ? note : undefined;
  } catch (error) {
    return ignore(error, "a note that cannot be read names nobody") as undefined;
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch (error) {
    ignore(error, "it has ended meanwhile");
  }
}
