/** The end of a run: recorded with its reply, also when the machine cannot do that at once, and then told to everyone. */
import { ignore } from "../../../../base/errors.ts";
import { isTransient } from "../../../../base/process/machine.ts";
import type { AgentServices } from "../services.ts";
import type { Run } from "./run.ts";
import { failed, type Recorded, type RunEnds } from "./run-ends.ts";
import type { RunOutcome } from "./run-store.ts";

/** Tries to record an outcome after unknown errors, with growing pauses. */
const MAX_RECORD_TRIES = 4;
const RECORD_AGAIN_MS = 2_000;

interface Parts {
  readonly services: AgentServices;
  readonly ends: RunEnds;
  /** Aborts when the gateway stops. */
  readonly signal: AbortSignal;
  /** Waits for a task before the gateway stops. */
  track(task: Promise<void>): void;
  /** The run is over. */
  forget(run: Run): void;
}

export class RunCompletion {
  readonly #services: AgentServices;
  readonly #ends: RunEnds;
  readonly #signal: AbortSignal;
  readonly #track: Parts["track"];
  readonly #forget: Parts["forget"];

  constructor({ services, ends, signal, track, forget }: Parts) {
    this.#services = services;
    this.#ends = ends;
    this.#signal = signal;
    this.#track = track;
    this.#forget = forget;
  }

  /** Records the outcome and the reply in one transaction, then tells everyone. */
  end(run: Run, outcome: RunOutcome): void {
    try {
      this.#settle(run, outcome, this.#ends.record(run, outcome));
    } catch (error) {
      this.#track(this.#recordLater(run, outcome, error));
    }
  }

  /**
   * Records an outcome later, when it cannot be recorded now: the run stays open and is tried again as soon as the
   * machine has recovered. After repeated unknown errors it ends as an error; on disk it stays open, and is resumed
   * after the next start.
   */
  async #recordLater(run: Run, outcome: RunOutcome, first: unknown): Promise<void> {
    const { clock, log, machine } = this.#services;
    const signal = this.#signal;
    let problem = first;
    for (let tries = 1; tries < MAX_RECORD_TRIES; ) {
      log.error("the outcome of a run cannot be recorded now", { runId: run.id, error: problem });
      try {
        if (isTransient(problem)) await machine.recovered(problem, signal);
        else await clock.sleep(RECORD_AGAIN_MS * tries++, signal);
      } catch (error) {
        return ignore(error, "the gateway stops; the run is taken up after the next start");
      }
      try {
        return this.#settle(run, outcome, this.#ends.record(run, outcome));
      } catch (error) {
        problem = error;
      }
    }
    const told = failed(run, "the outcome cannot be recorded; see the log");
    this.#settle(run, told, { endedAt: clock.now(), message: undefined });
  }

  /** Tells everyone how a run has ended. */
  #settle(run: Run, told: RunOutcome, recorded: Recorded): void {
    const { log } = this.#services;
    this.#forget(run);
    const { startedAt, endedAt } = run.settle(told, recorded.endedAt);
    if (told.kind === "error") log.warn("a run failed", { runId: run.id, problem: told.error });
    run.events.ended(told, { startedAt, endedAt }, recorded.message);
  }
}
