/**
 * Runs: accepted on disk before anyone is told, one at a time in each session, a few at once over all, ended exactly
 * once, and taken up again after a crash. What a run answers is not decided here.
 */
import { GatewayError, invalidRequest, messageOf } from "../../base/errors.ts";
import { KeyedQueue } from "../../base/queue.ts";
import { storageProblem } from "../../base/store.ts";
import { ModelError } from "../models/models.ts";
import type { Message } from "../sessions/schema.ts";
import type { StoredPart } from "../sessions/transcript.ts";
import { interruptible, raced } from "./interruptible.ts";
import type { RunStep } from "./loop.ts";
import { Run, type RunResult } from "./run.ts";
import {
  type AbortReason,
  BUILTIN,
  type RunOutcome,
  type RunRecord,
  type RunRequest,
  type RunSource,
  RunStore,
} from "./run-store.ts";
import type { AgentServices } from "./services.ts";
import { Slots } from "./slots.ts";

/** Who answers a run, and the answer as it comes. */
export interface Answer {
  readonly provider: string;
  readonly model: string;
  /** Set when every answer of this kind ends for the same reason. */
  readonly stopReason?: string;
  readonly steps: AsyncIterable<RunStep>;
}

/** Decides what a run answers. */
export interface Answering {
  /** Whether the run may pass those that wait in its session: it changes nothing that they see. */
  isImmediate(record: RunRecord): boolean;
  answer(run: Run): Promise<Answer>;
}

/** Told of every end of a run, in the transaction that records it: what it writes stands or falls with the outcome. */
export interface RunObserver {
  ended(record: RunRecord, outcome: RunOutcome): void;
}

/** What is to be run. */
export interface NewRun {
  readonly id: string;
  readonly source: RunSource;
  readonly principal: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly request: RunRequest;
  /** The message as the transcript keeps it. */
  readonly content: readonly StoredPart[];
}

/** A run that is known under an idempotency key: it works or waits, or it has ended. */
export type KnownRun =
  | { readonly kind: "open"; readonly run: Run }
  | { readonly kind: "ended"; readonly result: RunResult };

/** A run as whoever asked for it sees it: accepted then, finished some time. */
export type Accepted = Pick<Run, "acceptedAt" | "finished">;

/** The same of a run that was found under its key. */
export function acceptedOf(known: KnownRun): Accepted {
  if (known.kind === "open") return known.run;
  return { acceptedAt: known.result.acceptedAt, finished: Promise.resolve(known.result) };
}

const MAX_ATTEMPTS = 3;
const MAX_OPEN = 1_000;
const PARTIAL_MS = 500;
const PRUNE_MS = 6 * 3600_000;
const STOP_MS = 3_000;

export class Runs {
  readonly #services: AgentServices;
  readonly #answering: Answering;
  readonly #store: RunStore;
  readonly #open = new Map<string, Run>();
  readonly #lanes = new KeyedQueue();
  readonly #slots: Slots;
  readonly #tasks = new Set<Promise<void>>();
  readonly #observers: RunObserver[] = [];
  readonly #arrivals = new Map<string, Set<() => void>>();
  #pruner: Disposable | undefined;
  #stopped: Promise<void> | undefined;

  constructor(services: AgentServices, answering: Answering) {
    this.#services = services;
    this.#answering = answering;
    this.#store = new RunStore(services);
    this.#slots = new Slots(() => services.sessions.agentSettings.defaults.maxConcurrent);
  }

  /** From now on the observer is told of ends. */
  observe(observer: RunObserver): void {
    this.#observers.push(observer);
  }

  /** Takes up what a stop or a crash interrupted. A run that brought the gateway down three times is not tried again. */
  resume(): void {
    const { log, clock } = this.#services;
    this.#store.prune();
    this.#pruner = clock.every(PRUNE_MS, () => this.#store.prune());
    for (const record of this.#store.open()) {
      if (this.#open.has(record.id)) continue;
      log.info("a run is taken up again", { runId: record.id, attempts: record.attempts });
      const run = this.#remember(record);
      if (record.attempts < MAX_ATTEMPTS) this.#schedule(run);
      else
        this.#end(
          run,
          this.#failed(
            run,
            `The gateway stopped ${record.attempts} times while it worked on this; send the message again.`,
          ),
        );
    }
  }

  /** The run of an idempotency key. Throws `INVALID_REQUEST` when the key is another caller's or another method's. */
  find(id: string, by: Pick<RunRecord, "principal" | "source">): KnownRun | undefined {
    const known = this.known(id);
    const record = known?.kind === "open" ? known.run.record : known && this.#store.get(id);
    if (!record) return undefined;
    if (record.principal !== by.principal)
      throw invalidRequest("idempotencyKey is already used by another caller; choose another");
    if (record.source !== by.source)
      throw invalidRequest(`idempotencyKey is already used by ${record.source}; choose another`);
    return known;
  }

  /** The run of an id, whoever started it. */
  known(id: string): KnownRun | undefined {
    const run = this.#open.get(id);
    if (run) return { kind: "open", run };
    const record = this.#store.get(id);
    return record?.outcome && { kind: "ended", result: resultOf(record, record.outcome) };
  }

  /** The run of an id, once there is one. Rejects when the signal aborts. */
  async whenKnown(id: string, signal: AbortSignal): Promise<KnownRun> {
    for (let known = this.known(id); ; known = this.known(id)) {
      if (known) return known;
      signal.throwIfAborted();
      await this.#arrival(id, signal);
    }
  }

  async #arrival(id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#arrivals.get(id) ?? new Set();
    this.#arrivals.set(id, waiting.add(resolve));
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    waiting.delete(resolve);
    if (waiting.size === 0) this.#arrivals.delete(id);
  }

  /**
   * Puts a message and its run on disk in one transaction, together with what `also` writes, and lets it work when its
   * turn comes. Throws `UNAVAILABLE`, with nothing kept, when the gateway stops or too many runs wait.
   */
  accept({ content, ...run }: NewRun, also: () => void = () => {}): Run {
    const { store, sessions } = this.#services;
    this.#requireRoom();
    const record = store.transaction(() => {
      const session = sessions.ensure(run.sessionKey);
      const accepted = this.#store.accept({ ...run, sessionId: session.sessionId });
      sessions.transcript.append(session, { role: "user", content, runId: run.id, idempotencyKey: run.id });
      also();
      return accepted;
    });
    const accepted = this.#remember(record);
    this.#schedule(accepted);
    return accepted;
  }

  /** Accepts a run that cannot work, and ends it at once: its failure can be found again under its key. */
  refuse(run: Omit<NewRun, "sessionKey" | "content">, error: string): Run {
    this.#requireRoom();
    const refused = this.#remember(this.#store.accept({ ...run, sessionKey: "", sessionId: "" }));
    this.#end(refused, this.#failed(refused, error));
    return refused;
  }

  /** Runs that work or wait. */
  open(): Run[] {
    return [...this.#open.values()];
  }

  /** Ends a run from outside; one that waits ends at once, one that works as soon as its model lets go. */
  abort(run: Run, reason: AbortReason): void {
    run.abort(reason);
    if (!run.hasBegun && !run.isOver) this.#end(run, this.#aborted(run, reason));
  }

  /** Interrupts what works and waits until it has let go; nothing is written afterwards. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#interruptAll();
    return this.#stopped;
  }

  async #interruptAll(): Promise<void> {
    this.#pruner?.[Symbol.dispose]();
    for (const run of this.#open.values()) run.interrupt();
    const limit = new AbortController();
    await Promise.race([
      Promise.allSettled(this.#tasks),
      this.#services.clock.sleep(STOP_MS, limit.signal).catch(() => undefined),
    ]);
    limit.abort();
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
    const isQuiet = record.source === "chat.send" && this.#answering.isImmediate(record);
    const run = new Run(record, { ...this.#services, isQuiet, isVerbose: () => this.#isVerbose(record) });
    this.#open.set(run.id, run);
    for (const arrived of this.#arrivals.get(run.id) ?? []) arrived();
    return run;
  }

  /** "on" alone shows them (protocol: agent events). */
  #isVerbose({ sessionKey }: RunRecord): boolean {
    const { sessions } = this.#services;
    return (sessions.get(sessionKey)?.levels.verboseLevel ?? sessions.agentSettings.defaults.verboseDefault) === "on";
  }

  #schedule(run: Run): void {
    const { record } = run;
    const task = this.#answering.isImmediate(record)
      ? Promise.resolve().then(() => this.#work(run))
      : this.#lanes.run(record.sessionKey, async () => {
          using _slot = await this.#slots.take();
          await this.#work(run);
        });
    this.#tasks.add(task);
    task.then(
      () => this.#tasks.delete(task),
      (error: unknown) => {
        this.#tasks.delete(task);
        this.#services.log.error("a run ended in an unexpected error", { runId: run.id, error });
      },
    );
  }

  async #work(run: Run): Promise<void> {
    if (run.isOver || this.#stopped) return;
    let by: Pick<Answer, "provider" | "model"> | undefined;
    try {
      run.began(this.#store.begin(run.id));
      using _limit = this.#services.clock.after(run.record.request.timeoutMs, () => run.abort("timeout"));
      const answer = await raced(this.#answering.answer(run), run.signal);
      by = answer;
      await this.#follow(run, answer);
      this.#end(run, this.#done(run, answer));
    } catch (error) {
      if (this.#stopped && run.abortReason === undefined) return this.#store.release(run.id);
      if (run.abortReason) return this.#end(run, this.#aborted(run, run.abortReason, by));
      this.#end(run, this.#failed(run, this.#sentenceOf(error, run), by));
    }
  }

  /** Takes in the steps; what has been said is on disk half a second later at the latest. */
  async #follow(run: Run, { steps }: Answer): Promise<void> {
    const { clock } = this.#services;
    let keptAt = clock.monotonic();
    for await (const step of interruptible(steps, run.signal)) {
      run.take(step);
      if (step.kind !== "text" || clock.monotonic() - keptAt < PARTIAL_MS) continue;
      this.#store.keepPartial(run.id, run.text);
      keptAt = clock.monotonic();
    }
  }

  #done(run: Run, answer: Answer): RunOutcome {
    const { stopReason = run.stopReason } = answer;
    const { provider, model } = run.by ?? answer;
    const text = run.text.trim();
    const { usage } = run;
    if (text === "" && stopReason === "refusal")
      return this.#failed(run, `${provider}/${model} refused to answer; ask differently.`, { provider, model });
    return { kind: "ok", text, provider, model, usage, stopReason };
  }

  #failed(run: Run, error: string, by: Pick<Answer, "provider" | "model"> = NOBODY): RunOutcome {
    const { provider, model } = run.by ?? by;
    return { kind: "error", text: run.text.trim(), provider, model, usage: run.usage, error };
  }

  #aborted(run: Run, reason: AbortReason, by: Pick<Answer, "provider" | "model"> = NOBODY): RunOutcome {
    const { provider, model } = run.by ?? by;
    return { kind: "aborted", text: run.text.trim(), provider, model, usage: run.usage, reason };
  }

  /** Records the outcome and the reply in one transaction, then tells everyone. */
  #end(run: Run, outcome: RunOutcome): void {
    const { log, clock } = this.#services;
    let recorded: { endedAt: number; message: Message | undefined };
    let told = outcome;
    try {
      recorded = this.#record(run, outcome);
    } catch (error) {
      // Not recorded, the run stays open on disk and is taken up after the next start.
      log.error("the outcome of a run cannot be recorded", { runId: run.id, error });
      told = this.#failed(run, storageProblem(error) ?? "the outcome cannot be recorded; see the log");
      recorded = { endedAt: clock.now(), message: undefined };
    }
    this.#open.delete(run.id);
    const { startedAt, endedAt } = run.settle(told, recorded.endedAt);
    if (told.kind === "error") log.warn("a run failed", { runId: run.id, problem: told.error });
    run.events.ended(told, { startedAt, endedAt }, recorded.message);
  }

  #record(run: Run, outcome: RunOutcome): { endedAt: number; message: Message | undefined } {
    const { store, sessions } = this.#services;
    const { sessionKey: key, sessionId } = run.record;
    return store.transaction(() => {
      const endedAt = this.#store.end(run.id, outcome);
      for (const observer of this.#observers) observer.ended(run.record, outcome);
      if (key === "") return { endedAt, message: undefined };
      const { kind, text, provider, model, usage } = outcome;
      sessions.noteRun(key, {
        aborted: kind === "aborted",
        usage:
          provider === BUILTIN.provider || !usage
            ? undefined
            : { ...usage, totalTokens: run.contextTokens ?? usage.totalTokens },
        model: provider === BUILTIN.provider ? undefined : `${provider}/${model}`,
      });
      if (kind === "ok" && text === "") return { endedAt, message: undefined };
      // Earlier turns stand in the transcript already.
      const last = run.turnText.trim();
      const stored = sessions.transcript.append(
        { key, sessionId },
        {
          role: "assistant",
          content: last === "" ? [] : [{ type: "text", text: last }],
          runId: run.id,
          provider,
          model,
          usage,
          stopReason: kind === "ok" ? (outcome.stopReason ?? "stop") : kind,
          ...(kind === "error" && { errorMessage: outcome.error }),
        },
      );
      const message = text === "" ? undefined : sessions.transcript.toWire(stored);
      return { endedAt, message: message && { ...message, content: [{ type: "text" as const, text }] } };
    });
  }

  #sentenceOf(error: unknown, run: Run): string {
    if (error instanceof ModelError || error instanceof GatewayError) return error.message;
    const storage = storageProblem(error);
    if (storage) return storage;
    this.#services.log.error("a run met an unexpected error", { runId: run.id, error });
    return `internal error: ${messageOf(error)}`.slice(0, 300);
  }
}

/** Nobody has answered yet. */
const NOBODY = { provider: BUILTIN.provider, model: "none" } as const;

/** The result of a run that has ended. */
export function resultOf({ sessionId, acceptedAt, startedAt, endedAt }: RunRecord, outcome: RunOutcome): RunResult {
  return { outcome, sessionId, acceptedAt, startedAt, endedAt: endedAt ?? acceptedAt };
}
