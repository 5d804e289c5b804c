/** A run as those who ask for it by its id see it: open, or ended. */

import type { Run, RunResult } from "./run.ts";
import type { RunOutcome, RunRecord } from "./run-store.ts";

/** The run of an idempotency key: open, or ended. */
export type KnownRun =
  | { readonly kind: "open"; readonly run: Run }
  | { readonly kind: "ended"; readonly result: RunResult };

/** A run as its caller sees it: when it was accepted, and its end. */
export type Accepted = Pick<Run, "acceptedAt" | "finished">;

/** What the caller sees of a run that was found under its idempotency key. */
export function acceptedOf(known: KnownRun): Accepted {
  if (known.kind === "open") return known.run;
  return { acceptedAt: known.result.acceptedAt, finished: Promise.resolve(known.result) };
}

/** The result of a run that has ended. */
export function resultOf({ sessionId, acceptedAt, startedAt, endedAt }: RunRecord, outcome: RunOutcome): RunResult {
  return { outcome, sessionId, acceptedAt, startedAt, endedAt: endedAt ?? acceptedAt };
}
