/**
 * Runs: stored before anyone is told, one at a time in each session, a limited number at once, ended exactly once, and
 * resumed after a crash. This file does not decide what a run answers.
 */

import { GatewayError, invalidRequest, TellableError } from "../../../base/errors.ts";
import { within } from "../../../base/time/deadline.ts";
import { type ManyPort, Port } from "../../../kit/port.ts";
import { PendingRuns, type QueueRulesProvider } from "./lanes/pending-runs.ts";
import { RunMerger } from "./lanes/run-merger.ts";
import { type KnownRun, resultOf } from "./run/known-run.ts";
import type { NewRun } from "./run/new-run.ts";
import { Run } from "./run/run.ts";
import { RunCompletion } from "./run/run-completion.ts";
import { aborted, failed, RunEnds, type RunObserver } from "./run/run-ends.ts";
import { type RunAnswerer, RunExecutor } from "./run/run-executor.ts";
import { type AbortReason, type RunRecord, RunStore } from "./run/run-store.ts";
import { RunWaiters } from "./run/run-waiters.ts";
import type { AgentServices } from "./services.ts";

/** Who is told of ends. */
export type { RunObserver } from "./run/run-ends.ts";

/** Knows what chat windows are shown of heartbeats. */
export interface HeartbeatVisibility {
  /** Whether all of it is shown. */
  isShown(): boolean;
  /** Whether a run that has ended left nothing to say to people. */
  saysNothing(runId: string): boolean;
}

const MAX_ATTEMPTS = 3;
const MAX_OPEN = 1_000;

const STOP_MS = 3_000;
export class Runs {
  readonly #services: AgentServices;
  readonly #answerer: RunAnswerer;
  readonly #store: RunStore;
  readonly #open = new Map<string, Run>();
  readonly #ends: RunEnds;
  readonly #pending: PendingRuns;
  readonly #merger: RunMerger;
  readonly #executor: RunExecutor;
  readonly #completion: RunCompletion;
  readonly #tasks = new Set<Promise<void>>();
  readonly #waiters = new RunWaiters();
  #stopped: Promise<void> | undefined;
  readonly #leaving = new AbortController();
  /** What chat windows are shown of heartbeats. Filled by heartbeat. */
  readonly visibility = new Port<HeartbeatVisibility>({ isShown: () => true, saysNothing: () => false });

  constructor(services: AgentServices, answerer: RunAnswerer) {
    this.#services = services;
    this.#answerer = answerer;
    this.#store = new RunStore(services);
    this.#ends = new RunEnds(services, this.#store);
    this.#completion = new RunCompletion({
      ...{ services, ends: this.#ends, signal: this.#leaving.signal },
      track: (task) => void this.#track(task),
      forget: (run) => this.#forget(run),
    });
    this.#executor = new RunExecutor({
      ...{ services, answerer, store: this.#store },
      isStopped: () => this.#stopped !== undefined,
    });
    this.#pending = new PendingRuns({
      services,
      start: (batch) => this.#track(this.#start(batch)),
      abort: (run, reason) => this.abort(run, reason),
      isCommand: (record) => answerer.isCommand(record),
      hasOwnRules: (record) => answerer.hasOwnRules(record),
    });
    this.#merger = new RunMerger({
      ...{ services, store: this.#store, ends: this.#ends },
      find: (id) => this.#open.get(id),
      gone: (run) => this.#forget(run),
    });
  }

  /** How a message waits behind the reply under way; filled by messaging. */
  get queueing(): Port<QueueRulesProvider> {
    return this.#pending.queueing;
  }

  /** Who is told of ends. */
  get observers(): ManyPort<RunObserver> {
    return this.#ends.observers;
  }

  /** Resumes interrupted runs. A run that brought the gateway down three times is not tried again. */
  resume(): void {
    const { log, upkeep } = this.#services;
    upkeep.add(() => this.#store.prune());
    // Runs that were working go on before those that waited behind them.
    const open = this.#store
      .open()
      .sort((a, b) => Number(b.startedAt !== undefined) - Number(a.startedAt !== undefined));
    for (const record of open) {
      if (this.#open.has(record.id)) continue;
      log.info("a run is taken up again", { runId: record.id, attempts: record.attempts });
      const run = this.#remember(record);
      if (record.attempts >= MAX_ATTEMPTS) this.#completion.end(run, failed(run, stoppedTooOften(record.attempts)));
      else if (this.#answerer.isImmediate(record)) void this.#track(this.#start([run]));
      else this.#pending.add(run);
    }
  }

  /** The run of an idempotency key. Throws `INVALID_REQUEST` when the key is another caller's or another method's. */
  find(id: string, by: Pick<RunRecord, "principal" | "source">): KnownRun | undefined {
    const known = this.known(id);
    const record = known && (this.#open.get(id)?.record ?? this.#store.get(id));
    if (!record) return undefined;
    if (record.principal !== by.principal)
      throw invalidRequest("idempotencyKey is already used by another caller; choose another");
    if (record.source !== by.source)
      throw invalidRequest(`idempotencyKey is already used by ${record.source}; choose another`);
    return known;
  }

  /** The run of an id, whoever started it; of a message that was merged, the run that answers it. */
  known(id: string): KnownRun | undefined {
    const run = this.#open.get(id);
    if (run) return { kind: "open", run };
    const record = this.#store.get(id);
    if (!record?.outcome) return undefined;
    const leader = record.outcome.kind === "merged" ? this.known(record.outcome.into) : undefined;
    return leader ?? { kind: "ended", result: resultOf(record, record.outcome) };
  }

  /** The run of an id, once there is one. Rejects when the signal aborts. */
  async whenKnown(id: string, signal: AbortSignal): Promise<KnownRun> {
    for (let known = this.known(id); ; known = this.known(id)) {
      if (known) return known;
      signal.throwIfAborted();
      await this.#waiters.wait(id, signal);
    }
  }

  /**
   * Stores a message and its run in one transaction, together with the writes of `also`, and queues the run. Throws
   * `UNAVAILABLE`, with nothing stored, when the gateway stops or too many runs wait.
   */
  accept(
    { content, startsAnew = false, replaces, isKeptElsewhere = false, ...run }: NewRun,
    also: () => void = () => {},
  ): Run {
    const { store, sessions } = this.#services;
    this.#requireRoom();
    const isImmediate = this.#answerer.isImmediate(run);
    const overflow = isImmediate ? undefined : this.#pending.overflow(run);
    const put = () => {
      if (startsAnew) sessions.reset(run.sessionKey, "new");
      else if (!isImmediate && replaces === undefined && run.source !== "heartbeat") this.#renew(run);
      const session = sessions.ensure(run.sessionKey);
      if (replaces !== undefined) sessions.past.branchOff(session.sessionId, run.sessionKey, replaces, run.id);
      const request = overflow?.omitted ? { ...run.request, omitted: overflow.omitted } : run.request;
      const accepted = this.#store.accept({ ...run, request, sessionId: session.sessionId });
      sessions.transcript.append(session, { role: "user", content, runId: run.id, idempotencyKey: run.id });
      also();
      return accepted;
    };
    const accepted = this.#remember(isKeptElsewhere ? store.unsynced(put) : store.transaction(put));
    if (overflow) this.abort(overflow.drops ?? accepted, "dropped");
    if (isImmediate) void this.#track(Promise.resolve().then(() => this.#start([accepted])));
    else if (!accepted.isOver) this.#pending.add(accepted, content);
    return accepted;
  }

  /** Begins the conversation anew when its time is over and nothing is under way in it. */
  #renew({ sessionKey, request }: Omit<NewRun, "content">): void {
    const { sessions, log } = this.#services;
    if (this.#pending.isBusy(sessionKey)) return;
    const why = sessions.resetIfExpired(sessionKey, request.deliver?.channel ?? "webchat");
    if (why) log.info("a conversation begins anew", { sessionKey, why });
  }

  /** Stores a run that cannot work, and ends it at once, so that its key finds the failure. */
  refuse(run: Omit<NewRun, "sessionKey" | "content">, error: string): Run {
    this.#requireRoom();
    const refused = this.#remember(this.#store.accept({ ...run, sessionKey: "", sessionId: "" }));
    this.#completion.end(refused, failed(refused, error));
    return refused;
  }

  /** The conversation of a run, whether it works, waits or has ended. */
  sessionKeyOf(id: string): string | undefined {
    return (this.#open.get(id)?.record ?? this.#store.get(id))?.sessionKey;
  }

  /** Whether a run has begun a call that changes something, so that to repeat the run might do it twice. */
  hasChanged(id: string): boolean {
    return this.#store.hasChanged(id);
  }

  /** What is kept of a run, whether it works, waits or has ended. */
  record(id: string): RunRecord | undefined {
    return this.#store.get(id);
  }

  /** The newest runs first, those of the last week that have ended too. */
  newest(limit: number): RunRecord[] {
    return this.#store.newest(limit);
  }

  /** See `RunStore.byHour`. */
  byHour(since: number): ReturnType<RunStore["byHour"]> {
    return this.#store.byHour(since);
  }

  /** Runs that work or wait. */
  open(): Run[] {
    return [...this.#open.values()];
  }

  /** Lends a run's place to the runs that it waits for, until the returned value is disposed. */
  lend(runId: string): Disposable | undefined {
    const run = this.#open.get(runId);
    return run && this.#pending.lend(run);
  }

  /** Ends a run from outside; one that waits ends at once, one that works as soon as its model has stopped. */
  abort(run: Run, reason: AbortReason): void {
    run.abort(reason);
    if (!run.hasBegun && !run.isOver) this.#completion.end(run, aborted(run, reason));
  }

  /** Interrupts working runs and waits until they have ended; nothing is written afterwards. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#interruptAll();
    return this.#stopped;
  }

  async #interruptAll(): Promise<void> {
    this.#leaving.abort(new TellableError("the gateway stops"));
    this.#pending[Symbol.dispose]();
    for (const run of this.#open.values()) run.interrupt();
    await within(Promise.allSettled(this.#tasks), { ms: STOP_MS, clock: this.#services.clock });
  }

  #requireRoom(): void {
    if (this.#stopped) {
      throw new GatewayError("UNAVAILABLE", "the gateway is stopping; try again in a moment", {
        retryable: true,
        retryAfterMs: 1_000,
      });
    }
    if (this.#open.size >= MAX_OPEN) {
      throw new GatewayError("UNAVAILABLE", `${MAX_OPEN} runs are waiting already; try again later`, {
        retryable: true,
        retryAfterMs: 5_000,
      });
    }
  }

  #remember(record: RunRecord): Run {
    const isQuiet = record.source === "chat.send" && this.#answerer.isImmediate(record);
    const run: Run = new Run(record, {
      ...this.#services,
      isQuiet,
      ...(record.request.isHeartbeat &&
        !this.visibility.now.isShown() && {
          isHidden: true,
          saysNothing: () => this.visibility.now.saysNothing(record.id),
        }),
      isVerbose: () => this.#isVerbose(record),
      streamsReasoning: () => this.#services.sessions.get(record.sessionKey)?.levels.reasoningLevel === "stream",
      hears: (said) => this.#merger.hear(run, said),
    });
    this.#open.set(run.id, run);
    this.#waiters.notify(run.id);
    return run;
  }

  /** Whether tools are shown: only with "on" (protocol: agent events). */
  #isVerbose({ sessionKey }: RunRecord): boolean {
    const { agents, sessions } = this.#services;
    return (sessions.get(sessionKey)?.levels.verboseLevel ?? agents.settings.defaults.verboseDefault) === "on";
  }

  async #track(task: Promise<void>): Promise<void> {
    this.#tasks.add(task);
    try {
      await task;
    } catch (error) {
      this.#services.log.error("a run ended in an unexpected error", { error });
    } finally {
      this.#tasks.delete(task);
    }
  }

  /** Works on the last of the runs, which answers for the others too. */
  async #start(batch: readonly Run[]): Promise<void> {
    const leader = batch.at(-1);
    if (!leader || leader.isOver || this.#stopped) return;
    try {
      await this.#services.machine.persist(() => this.#merger.begin(leader, batch.slice(0, -1)), leader.signal);
    } catch (error) {
      if (this.#stopped) return;
      for (const run of batch) this.#completion.end(run, failed(run, this.#executor.sentenceOf(error, run)));
      return;
    }
    const outcome = await this.#executor.outcomeOf(leader);
    if (outcome) this.#completion.end(leader, outcome);
  }

  #forget(run: Run): void {
    this.#open.delete(run.id);
    this.#pending.remove(run);
  }
}

function stoppedTooOften(attempts: number): string {
  return `The gateway stopped ${attempts} times while it worked on this; send the message again.`;
}
