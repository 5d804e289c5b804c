/** Takes up a restore that waits in the state folder: puts it in place, and takes it back when the gateway does not start. */

import { carryOut, type Plan, readPlan, settle, takeBack } from "../base/backup/swap.ts";
import { databasePath } from "../base/files.ts";
import { isHeld } from "../base/store/store-held.ts";

/** A restore that has been put in place, and that this start has to prove. */
export interface Trial {
  readonly what: string;
  /** The gateway has started: what was there before is kept beside it. */
  settle(): void;
  /** The gateway does not start: what was there before is back. */
  takeBack(): void;
}

/**
 * Puts a restore that is ready in place; one that was interrupted is taken back. Undefined when there is nothing to
 * prove. Throws what the disk says; then the state is what it was before.
 */
export function takeUpRestore(stateDir: string): Trial | undefined {
  const plan = readPlan(stateDir);
  if (!plan || isHeld(databasePath(stateDir))) return undefined;
  if (plan.phase !== "ready") {
    takeBack(stateDir, plan);
    return undefined;
  }
  const done = moved(stateDir, plan);
  return { what: plan.what, settle: () => settle(stateDir, done), takeBack: () => takeBack(stateDir, done) };
}

function moved(stateDir: string, plan: Plan): Plan {
  try {
    return carryOut(stateDir, plan);
  } catch (error) {
    const begun = readPlan(stateDir);
    if (begun) takeBack(stateDir, begun);
    throw error;
  }
}
