/** Works on one run: asks who answers, takes the answer in step by step, and says how it ended. It records no outcome. */

import { GatewayError, messageOf, type TellableError } from "../../../../base/errors.ts";
import { isTransient, storageProblem } from "../../../../base/process/machine.ts";
import { within } from "../../../../base/time/deadline.ts";
import { ModelError } from "../../models/models.ts";
import type { AgentServices } from "../services.ts";
import { audienceIn } from "../toolbox/tool-policy.ts";
import { interruptible } from "../turn/interruptible.ts";
import type { RunStep } from "../turn/loop.ts";
import type { Run } from "./run.ts";
import { type AnsweredBy, aborted, done, failed } from "./run-ends.ts";
import type { RunOutcome, RunRecord, RunStore } from "./run-store.ts";

/** The answer of a run as it comes, and who gives it. */
export interface Answer extends AnsweredBy {
  /** The stop reason, when every answer of this kind has one reason. */
  readonly stopReason?: string;
  /** Whether a second try could double its effects; its failure is then final. */
  readonly isOnce?: boolean;
  readonly steps: AsyncIterable<RunStep>;
}

/** Decides what a run answers. */
export interface RunAnswerer {
  /** Whether the run may overtake those that wait in its session, because it changes nothing that they see. */
  isImmediate(record: Pick<RunRecord, "source" | "request">): boolean;
  /** Whether the message is a command, which needs its own answer. */
  isCommand(record: Pick<RunRecord, "sessionKey">): boolean;
  /** Whether some tools are allowed or denied to whoever started the run, by id. */
  hasOwnRules(record: RunRecord): boolean;
  answer(run: Run): Promise<Answer>;
}

const PARTIAL_MS = 500;

interface RunExecutorParts {
  readonly services: AgentServices;
  readonly answerer: RunAnswerer;
  readonly store: RunStore;
  isStopped(): boolean;
}

export class RunExecutor {
  readonly #services: AgentServices;
  readonly #answerer: RunAnswerer;
  readonly #store: RunStore;
  readonly #isStopped: () => boolean;

  constructor({ services, answerer, store, isStopped }: RunExecutorParts) {
    this.#services = services;
    this.#answerer = answerer;
    this.#store = store;
    this.#isStopped = isStopped;
  }

  /** Works on a run until it has an outcome; undefined when the gateway stops first: then the run goes on later. */
  async outcomeOf(run: Run): Promise<RunOutcome | undefined> {
    let by: Answer | undefined;
    // Each try has its own time limit, because waiting for the machine is not work.
    const attempt = async () => {
      by = undefined;
      using _limit = this.#services.clock.after(run.record.request.timeoutMs, () => run.abort("timeout"));
      by = await within(this.#answerer.answer(run), { signal: run.signal });
      await this.#follow(run, by);
      return by;
    };
    try {
      const answer = await this.#services.machine.surely(attempt, {
        signal: run.signal,
        isKnown: isAnswer,
        isOnce: () => by?.isOnce === true,
        failed: () => run.beginAgain(),
      });
      return done(run, answer, answer.stopReason ?? run.stopReason);
    } catch (error) {
      if (this.#isStopped() && run.abortReason === undefined) {
        this.#store.release(run.id);
        return undefined;
      }
      if (run.abortReason) return aborted(run, run.abortReason, by);
      return failed(run, this.sentenceOf(error, run), by);
    }
  }

  /** Reads the steps; their text is on disk at most half a second later. */
  async #follow(run: Run, { steps }: Answer): Promise<void> {
    const { clock } = this.#services;
    let keptAt = clock.monotonic();
    for await (const step of interruptible(steps, run.signal)) {
      run.take(step);
      if (step.kind !== "text" || clock.monotonic() - keptAt < PARTIAL_MS) continue;
      this.#keepPartial(run);
      keptAt = clock.monotonic();
    }
  }

  /**
   * Stores the text so far, for a crash only. What cannot be written now is written half a second later, or with the
   * outcome.
   */
  #keepPartial(run: Run): void {
    try {
      this.#store.keepPartial(run.id, run.text);
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
  }

  /** What is said of an error to those who wait for the run. */
  sentenceOf(error: unknown, run: Run): string {
    if (error instanceof ModelError) return isForOwner(run.record) ? error.message : error.publicMessage;
    if (error instanceof GatewayError) return error.message;
    const storage = storageProblem(error);
    if (storage) return storage;
    this.#services.log.error("a run met an unexpected error", { runId: run.id, error });
    return messageOf(error);
  }
}

/** Whether a failure has a sentence for people. */
function isAnswer(error: unknown): boolean {
  return (error as Partial<TellableError> | undefined)?.isTellable === true;
}

/** Whether only the owner reads how a run ended. */
function isForOwner(record: RunRecord): boolean {
  return audienceIn(record) === "owner" && !/:(?:group|channel):/.test(record.sessionKey);
}
