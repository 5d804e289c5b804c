/** A run while it lives: what was asked, how far it is, and the one way to end it from outside. */

import type { ModelStep, Usage } from "./models.ts";
import { RunEvents, type RunEventsOptions } from "./run-events.ts";
import type { AbortReason, RunOutcome, RunRecord } from "./run-store.ts";

/** How a run ended, and when. */
export interface RunResult {
  readonly outcome: RunOutcome;
  readonly sessionId: string;
  readonly acceptedAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number;
}

export class Run {
  readonly record: RunRecord;
  readonly events: RunEvents;
  /** Resolves when the run has ended; a run that a stop of the gateway interrupts ends after the next start. */
  readonly finished: Promise<RunResult>;
  readonly #abort = new AbortController();
  readonly #resolve: (result: RunResult) => void;
  #abortReason: AbortReason | undefined;
  #startedAt: number | undefined;
  #isOver = false;
  #text = "";
  #usage: Usage | undefined;
  #stopReason: string | undefined;

  constructor(record: RunRecord, options: Pick<RunEventsOptions, "bus" | "clock" | "isQuiet">) {
    this.record = record;
    const { id: runId, sessionKey, request } = record;
    this.events = new RunEvents({ ...options, runId, sessionKey, spelledKey: request.spelledKey });
    const { promise, resolve } = Promise.withResolvers<RunResult>();
    this.finished = promise;
    this.#resolve = resolve;
  }

  get id(): string {
    return this.record.id;
  }

  get acceptedAt(): number {
    return this.record.acceptedAt;
  }

  /** Aborts when the run is to stop, whatever the reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it is to end, when someone said so. */
  get abortReason(): AbortReason | undefined {
    return this.#abortReason;
  }

  get hasBegun(): boolean {
    return this.#startedAt !== undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What has been said so far. */
  get text(): string {
    return this.#text;
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Why the model ended, unless it was simply done. */
  get stopReason(): string | undefined {
    return this.#stopReason;
  }

  began(startedAt: number): void {
    this.#startedAt = startedAt;
    this.events.started(startedAt);
  }

  /** Takes in one step of the answer. */
  take(step: ModelStep): void {
    if (step.kind === "text") {
      this.#text += step.delta;
      this.events.grew(this.#text);
    } else if (step.kind === "usage") this.#usage = step.usage;
    else if (step.kind === "finish") this.#stopReason = step.reason;
  }

  /** Asks the run to end for a reason that its record will name. */
  abort(reason: AbortReason): void {
    this.#abortReason ??= reason;
    this.#abort.abort(new Error(`aborted: ${reason}`));
  }

  /** The gateway stops: the run leaves off, to be taken up after the next start. */
  interrupt(): void {
    this.#abort.abort(new Error("the gateway stops"));
    this.events[Symbol.dispose]();
  }

  /** Closes the run and tells whoever waits for it. */
  settle(outcome: RunOutcome, endedAt: number): RunResult {
    this.#isOver = true;
    const { sessionId, acceptedAt } = this.record;
    const result = { outcome, sessionId, acceptedAt, startedAt: this.#startedAt, endedAt };
    this.#resolve(result);
    return result;
  }
}
