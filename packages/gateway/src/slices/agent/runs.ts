/**
 * Runs: accepted on disk before anyone is told, one at a time in each session, a few at once over all, ended exactly
 * once, and taken up again after a crash. What a run answers is not decided here.
 */
import { GatewayError, invalidRequest, messageOf } from "../../base/errors.ts";
import { storageProblem } from "../../base/store.ts";
import { ModelError } from "../models/models.ts";
import type { StoredPart } from "../sessions/transcript.ts";
import { interruptible, raced } from "./interruptible.ts";
import { Lanes } from "./lanes.ts";
import type { RunStep } from "./loop.ts";
import {
  collects,
  goTogether,
  IN_ORDER,
  isFromPerson,
  leftOut,
  nextBatch,
  omittedNote,
  type QueueRules,
} from "./queue.ts";
import { Run, type RunResult, type Steered } from "./run.ts";
import {
  type AnsweredBy,
  aborted,
  done,
  failed,
  merged,
  type Recorded,
  RunEnds,
  type RunObserver,
} from "./run-ends.ts";
import {
  type AbortReason,
  type RunOutcome,
  type RunRecord,
  type RunRequest,
  type RunSource,
  RunStore,
} from "./run-store.ts";
import type { AgentServices } from "./services.ts";
import { tools as toolSettings } from "./settings.ts";

/** Who answers a run, and the answer as it comes. */
export interface Answer extends AnsweredBy {
  /** Set when every answer of this kind ends for the same reason. */
  readonly stopReason?: string;
  readonly steps: AsyncIterable<RunStep>;
}

/** Decides what a run answers. */
export interface Answering {
  /** Whether the run may pass those that wait in its session: it changes nothing that they see. */
  isImmediate(record: Pick<RunRecord, "request">): boolean;
  answer(run: Run): Promise<Answer>;
}

/** Who is told of ends. */
export type { RunObserver } from "./run-ends.ts";

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
  /** The message is the first of a new conversation. */
  readonly startsAnew?: boolean;
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
  readonly #ends: RunEnds;
  readonly #lanes: Lanes;
  readonly #tasks = new Set<Promise<void>>();
  readonly #arrivals = new Map<string, Set<() => void>>();
  #pruner: Disposable | undefined;
  #stopped: Promise<void> | undefined;
  /** How a message waits behind the reply under way; set by the slice that knows the settings. */
  queueing: (record: RunRecord) => QueueRules = () => IN_ORDER;

  constructor(services: AgentServices, answering: Answering) {
    this.#services = services;
    this.#answering = answering;
    this.#store = new RunStore(services);
    this.#ends = new RunEnds(services, this.#store);
    const { sessions, clock } = services;
    this.#lanes = new Lanes({
      clock,
      limit: (lane) => {
        const { maxConcurrent, subagents } = sessions.agentSettings.defaults;
        return lane === "main" ? maxConcurrent : subagents.maxConcurrent;
      },
      batch: (waiting) => this.#batch(waiting),
      start: (batch) => this.#track(this.#start(batch)),
    });
  }

  /** From now on the observer is told of ends. */
  observe(observer: RunObserver): void {
    this.#ends.observe(observer);
  }

  /** Takes up what a stop or a crash interrupted. A run that brought the gateway down three times is not tried again. */
  resume(): void {
    const { log, clock } = this.#services;
    this.#store.prune();
    this.#pruner = clock.every(PRUNE_MS, () => this.#store.prune());
    // What worked goes on before what waited behind it.
    const open = this.#store.open().sort((a, b) => Number(hasBegun(b)) - Number(hasBegun(a)));
    for (const record of open) {
      if (this.#open.has(record.id)) continue;
      log.info("a run is taken up again", { runId: record.id, attempts: record.attempts });
      const run = this.#remember(record);
      if (record.attempts >= MAX_ATTEMPTS) this.#end(run, failed(run, stoppedTooOften(record.attempts)));
      else if (this.#answering.isImmediate(record)) void this.#track(this.#start([run]));
      else this.#lanes.add(run);
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
  accept({ content, startsAnew = false, ...run }: NewRun, also: () => void = () => {}): Run {
    const { store, sessions } = this.#services;
    this.#requireRoom();
    const crowd = this.#crowd(run);
    const record = store.transaction(() => {
      this.#renew(run, startsAnew);
      const session = sessions.ensure(run.sessionKey);
      const request = crowd?.leavesOut ? { ...run.request, omitted: crowd.leavesOut } : run.request;
      const accepted = this.#store.accept({ ...run, request, sessionId: session.sessionId });
      sessions.transcript.append(session, { role: "user", content, runId: run.id, idempotencyKey: run.id });
      also();
      return accepted;
    });
    const accepted = this.#remember(record);
    if (crowd) this.abort(crowd.drops ?? accepted, "dropped");
    if (!accepted.isOver) this.#enqueue(accepted, content);
    return accepted;
  }

  /** Begins the conversation anew when somebody wants it, or when its time is over and nothing is under way in it. */
  #renew(run: Omit<NewRun, "content">, startsAnew: boolean): void {
    const { sessions, log } = this.#services;
    const { sessionKey, request } = run;
    if (startsAnew) return void sessions.reset(sessionKey);
    if (this.#answering.isImmediate(run) || this.#lanes.active(sessionKey)) return;
    const why = sessions.resetIfExpired(sessionKey, request.deliver?.channel ?? "webchat");
    if (why) log.info("a conversation begins anew", { sessionKey, why });
  }

  /** When as many messages wait in a conversation as may: which is left out, undefined being the one that comes. */
  #crowd(run: Omit<NewRun, "content">): { drops?: Run; leavesOut?: readonly string[] } | undefined {
    if (!isFromPerson(run)) return undefined;
    const waiting = this.#lanes.waiting(run.sessionKey).filter(({ record }) => isFromPerson(record));
    const [oldest] = waiting;
    if (!oldest || this.#answering.isImmediate(run)) return undefined;
    const { cap, drop } = this.queueing(oldest.record);
    if (waiting.length < cap) return undefined;
    this.#services.log.warn("too many messages wait in a conversation", { sessionKey: run.sessionKey, cap, drop });
    if (drop === "new") return {};
    return drop === "old" ? { drops: oldest } : { drops: oldest, leavesOut: leftOut(oldest.record) };
  }

  /** A run begins, waits, or is said to the one under way. */
  #enqueue(run: Run, content: readonly StoredPart[]): void {
    const { record } = run;
    if (this.#answering.isImmediate(record)) return void this.#track(Promise.resolve().then(() => this.#start([run])));
    const active = this.#lanes.active(record.sessionKey);
    if (!active || !isFromPerson(record)) return this.#lanes.add(run);
    const rules = this.queueing(record);
    if (rules.mode === "interrupt") this.#interruptFor(run);
    this.#lanes.add(run, collects(rules) ? rules.debounceMs : 0);
    if (rules.mode === "steer" || rules.mode === "steer-backlog") {
      const text = content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
      const isText = content.every(({ type }) => type === "text");
      if (isText && this.#goTogether(active, run))
        active.steer({ runId: run.id, text, isKept: rules.mode === "steer-backlog" });
    }
  }

  /** The newest message alone counts: other replies to people of this conversation end. */
  #interruptFor({ id, record: { sessionKey } }: Run): void {
    for (const run of this.open())
      if (run.record.sessionKey === sessionKey && run.id !== id && isFromPerson(run.record) && !this.#isImmediate(run))
        this.abort(run, "interrupt");
  }

  #isImmediate({ record }: Run): boolean {
    return this.#answering.isImmediate(record);
  }

  #goTogether(a: Run, b: Run): boolean {
    const { bySender = {} } = this.#services.config.of(toolSettings).current;
    return goTogether(a.record, b.record, (principal) => Object.hasOwn(bySender, principal.replace(/^channel:/, "")));
  }

  /** The runs that begin next of those that wait in a conversation. */
  #batch(waiting: readonly Run[]): Run[] {
    return nextBatch(waiting, {
      collects: (head) => !hasBegun(head.record) && isFromPerson(head.record) && collects(this.queueing(head.record)),
      together: (head, other) =>
        head === other || (!hasBegun(other.record) && isFromPerson(other.record) && this.#goTogether(head, other)),
    });
  }

  /** Accepts a run that cannot work, and ends it at once: its failure can be found again under its key. */
  refuse(run: Omit<NewRun, "sessionKey" | "content">, error: string): Run {
    this.#requireRoom();
    const refused = this.#remember(this.#store.accept({ ...run, sessionKey: "", sessionId: "" }));
    this.#end(refused, failed(refused, error));
    return refused;
  }

  /** What is kept of a run, whether it works, waits or has ended. */
  record(id: string): RunRecord | undefined {
    return this.#store.get(id);
  }

  /** The newest runs first, those of the last week that have ended too. */
  newest(limit: number): RunRecord[] {
    return this.#store.newest(limit);
  }

  /** Runs that work or wait. */
  open(): Run[] {
    return [...this.#open.values()];
  }

  /** Ends a run from outside; one that waits ends at once, one that works as soon as its model lets go. */
  abort(run: Run, reason: AbortReason): void {
    run.abort(reason);
    if (!run.hasBegun && !run.isOver) this.#end(run, aborted(run, reason));
  }

  /** Interrupts what works and waits until it has let go; nothing is written afterwards. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#interruptAll();
    return this.#stopped;
  }

  async #interruptAll(): Promise<void> {
    this.#pruner?.[Symbol.dispose]();
    this.#lanes[Symbol.dispose]();
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
    const run: Run = new Run(record, {
      ...this.#services,
      isQuiet,
      isVerbose: () => this.#isVerbose(record),
      streamsReasoning: () => this.#services.sessions.get(record.sessionKey)?.levels.reasoningLevel === "stream",
      hears: (said) => this.#hear(run, said),
    });
    this.#open.set(run.id, run);
    for (const arrived of this.#arrivals.get(run.id) ?? []) arrived();
    return run;
  }

  /** "on" alone shows them (protocol: agent events). */
  #isVerbose({ sessionKey }: RunRecord): boolean {
    const { sessions } = this.#services;
    return (sessions.get(sessionKey)?.levels.verboseLevel ?? sessions.agentSettings.defaults.verboseDefault) === "on";
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

  /** Works on the last of the runs, which answers the others too. */
  async #start(batch: readonly Run[]): Promise<void> {
    const leader = batch.at(-1);
    if (!leader || leader.isOver || this.#stopped) return;
    try {
      this.#begin(leader, batch.slice(0, -1));
    } catch (error) {
      for (const run of batch) this.#end(run, failed(run, this.#sentenceOf(error, run)));
      return;
    }
    await this.#work(leader);
  }

  /** In one transaction the run begins and those before it become part of it, behind what was said meanwhile. */
  #begin(leader: Run, others: readonly Run[]): void {
    const [startedAt, endings] = this.#services.store.transaction(() => {
      const begunAt = this.#store.begin(leader.id);
      if (hasBegun(leader.record)) return [begunAt, []];
      this.#gather(leader, others);
      return [begunAt, this.#ends.recordMerge(others, leader)];
    });
    for (const [index, run] of others.entries()) this.#merged(run, leader, endings[index] ?? startedAt);
    leader.began(startedAt);
  }

  /** The messages of a turn stand side by side, behind the reply that they waited for. */
  #gather({ id, record: { sessionKey: key, sessionId, request } }: Run, others: readonly Run[]): void {
    const { transcript } = this.#services.sessions;
    const places = transcript.placesOf(sessionId, [...others.map((run) => run.id), id]);
    const omitted = [...others.flatMap(({ record }) => record.request.omitted ?? []), ...(request.omitted ?? [])];
    const [first] = places;
    if (first === undefined || (omitted.length === 0 && places.length === 1 && transcript.isLast(sessionId, first)))
      return;
    if (omitted.length > 0)
      transcript.append(
        { key, sessionId },
        { role: "system", content: [{ type: "text", text: omittedNote(omitted) }], runId: id },
      );
    transcript.moveToEnd(places, id);
  }

  /** A message has become part of another run: whoever waits for it waits for that one. */
  #merged(run: Run, into: Run, endedAt: number): void {
    this.#open.delete(run.id);
    this.#lanes.remove(run);
    run.mergeInto(into);
    run.events.ended(merged(into.id), { startedAt: undefined, endedAt }, undefined);
  }

  /** What was said to a run under way is heard now: what is not to be answered again becomes part of it. */
  #hear(run: Run, said: readonly Steered[]): readonly Steered[] {
    const heard = said.filter(({ runId }) => this.#open.has(runId));
    const taken = heard.filter(({ isKept }) => !isKept).map(({ runId }) => this.#open.get(runId)!);
    const { store, sessions } = this.#services;
    const endings = store.transaction(() => {
      const places = sessions.transcript.placesOf(
        run.record.sessionId,
        taken.map(({ id }) => id),
      );
      sessions.transcript.moveToEnd(places, run.id);
      return this.#ends.recordMerge(taken, run);
    });
    for (const [index, each] of taken.entries()) this.#merged(each, run, endings[index]!);
    return heard;
  }

  async #work(run: Run): Promise<void> {
    let by: AnsweredBy | undefined;
    try {
      using _limit = this.#services.clock.after(run.record.request.timeoutMs, () => run.abort("timeout"));
      const answer = await raced(this.#answering.answer(run), run.signal);
      by = answer;
      await this.#follow(run, answer);
      this.#end(run, done(run, answer, answer.stopReason ?? run.stopReason));
    } catch (error) {
      if (this.#stopped && run.abortReason === undefined) return this.#store.release(run.id);
      if (run.abortReason) return this.#end(run, aborted(run, run.abortReason, by));
      this.#end(run, failed(run, this.#sentenceOf(error, run), by));
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

  /** Records the outcome and the reply in one transaction, then tells everyone. */
  #end(run: Run, outcome: RunOutcome): void {
    const { log, clock } = this.#services;
    let recorded: Recorded;
    let told = outcome;
    try {
      recorded = this.#ends.record(run, outcome);
    } catch (error) {
      // Not recorded, the run stays open on disk and is taken up after the next start.
      log.error("the outcome of a run cannot be recorded", { runId: run.id, error });
      told = failed(run, storageProblem(error) ?? "the outcome cannot be recorded; see the log");
      recorded = { endedAt: clock.now(), message: undefined };
    }
    this.#open.delete(run.id);
    this.#lanes.remove(run);
    const { startedAt, endedAt } = run.settle(told, recorded.endedAt);
    if (told.kind === "error") log.warn("a run failed", { runId: run.id, problem: told.error });
    run.events.ended(told, { startedAt, endedAt }, recorded.message);
  }

  #sentenceOf(error: unknown, run: Run): string {
    if (error instanceof ModelError || error instanceof GatewayError) return error.message;
    const storage = storageProblem(error);
    if (storage) return storage;
    this.#services.log.error("a run met an unexpected error", { runId: run.id, error });
    return `internal error: ${messageOf(error)}`.slice(0, 300);
  }
}

/** Whether an earlier attempt may have left something. */
function hasBegun({ startedAt }: RunRecord): boolean {
  return startedAt !== undefined;
}

function stoppedTooOften(attempts: number): string {
  return `The gateway stopped ${attempts} times while it worked on this; send the message again.`;
}

/** The result of a run that has ended. */
export function resultOf({ sessionId, acceptedAt, startedAt, endedAt }: RunRecord, outcome: RunOutcome): RunResult {
  return { outcome, sessionId, acceptedAt, startedAt, endedAt: endedAt ?? acceptedAt };
}
