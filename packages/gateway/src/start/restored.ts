/** Takes up a restore that waits in the state folder: puts it in place, and takes it back when the gateway does not start. */

import { problemCarryingOver } from "../base/backup/carry-over.ts";
import { commitPlan, executePlan, readPlan, rollBackPlan } from "../base/backup/swap.ts";
import { TellableError } from "../base/errors.ts";
import { databasePath } from "../base/files.ts";
import { isHeld } from "../base/store/store-held.ts";
import { TABLES } from "../catalog.ts";

/** A restore that has been put in place, and that this start has to prove. */
export interface RestoreTrial {
  readonly kind: "trial";
  readonly what: string;
  /** Why what came in and went out since could not be taken over; undefined when it was. */
  readonly notCarried: unknown;
  /** The gateway has started: what was there before is kept beside it. */
  commitPlan(): void;
  /** The gateway does not start: what was there before is back. */
  rollBackPlan(): void;
}

/** A restore that could not be put in place; the state is what it was before. */
export interface AbandonedRestore {
  readonly kind: "given-up";
  readonly what: string;
  readonly error: unknown;
}

/**
 * Puts a restore that is ready in place; one that was interrupted is taken back. Undefined when there is nothing to
 * prove. Throws what the disk says when not even that can be done.
 */
export function takeUpRestore(stateDir: string): RestoreTrial | AbandonedRestore | undefined {
  const plan = readPlan(stateDir);
  if (!plan || isHeld(databasePath(stateDir))) return undefined;
  if (plan.phase !== "ready") {
    rollBackPlan(stateDir, plan);
    return { kind: "given-up", what: plan.what, error: new TellableError("it was interrupted") };
  }
  const { what } = plan;
  try {
    const notCarried = problemCarryingOver(stateDir, plan, TABLES);
    const done = executePlan(stateDir, plan);
    return {
      ...{ kind: "trial", what, notCarried },
      commitPlan: () => commitPlan(stateDir, done),
      rollBackPlan: () => rollBackPlan(stateDir, done),
    };
  } catch (error) {
    rollBackPlan(stateDir, readPlan(stateDir) ?? plan);
    return { kind: "given-up", what, error };
  }
}
