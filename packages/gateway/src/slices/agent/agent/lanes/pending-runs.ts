/** Holds waiting runs: behind which reply they wait, with which others they are answered, and which are left out. */
import { Port } from "../../../../kit/port.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { Run } from "../run/run.ts";
import type { AbortReason, RunRecord } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import { rankIn } from "../toolbox/tool-policy.ts";
import { Lanes } from "./lanes.ts";
import {
  collects,
  IN_ORDER,
  isFromPerson,
  isToldOf,
  leftOut,
  mayShareTurn,
  messageToDrop,
  nextBatch,
  type QueueRules,
} from "./queue.ts";

export interface PendingRunsOptions {
  readonly services: AgentServices;
  /** Starts runs; the last one answers for all. Resolves when they have ended. Must not throw. */
  start(batch: readonly Run[]): Promise<void>;
  abort(run: Run, reason: AbortReason): void;
  /** Whether a message needs its own answer, whatever the rules say. */
  isCommand(record: Pick<RunRecord, "sessionKey">): boolean;
  /** Whether some tools are allowed or denied to whoever started it, by id. */
  hasOwnRules(record: RunRecord): boolean;
}

/** Which message is left out of too many (undefined: the new one), and what replaces it. */
export interface Overflow {
  readonly drops?: Run;
  readonly omitted?: RunRecord["request"]["omitted"];
}

/** Gives the rules for messages behind the reply under way. */
export interface QueueRulesProvider {
  rulesFor(record: RunRecord): QueueRules;
}

/** Jobs are begun a few at a time, as `cron.maxConcurrentRuns` says; those that a person begins are further ones. */
const MAX_JOBS = 64;

export class PendingRuns implements Disposable {
  readonly #options: PendingRunsOptions;
  readonly #lanes: Lanes;
  readonly #watching: Disposable;
  /** How a message waits behind the reply under way. */
  readonly queueing = new Port<QueueRulesProvider>({ rulesFor: () => IN_ORDER });

  constructor(options: PendingRunsOptions) {
    this.#options = options;
    const { agents, clock } = options.services;
    this.#lanes = new Lanes({
      clock,
      limit: (lane) => {
        const { maxConcurrent, subagents } = agents.settings.defaults;
        if (lane === "cron") return MAX_JOBS;
        return lane === "main" ? maxConcurrent : subagents.maxConcurrent;
      },
      batch: (waiting) => this.#batch(waiting),
      start: (batch) => options.start(batch),
    });
    this.#watching = agents.onChange(() => this.#lanes.limitsChanged());
  }

  /** Whether a run of the conversation is at work. */
  isBusy(sessionKey: string): boolean {
    return this.#lanes.active(sessionKey) !== undefined;
  }

  /**
   * The message to leave out when one more arrives; undefined when there is room. Commands are answered one by one and
   * never left out.
   */
  overflow(comes: Pick<RunRecord, "source" | "sessionKey" | "principal" | "request">): Overflow | undefined {
    const { sessionKey } = comes;
    if (!isFromPerson(comes) || this.#options.isCommand(comes)) return undefined;
    const waiting = this.#lanes.waiting(sessionKey).filter(({ record }) => isFromPerson(record));
    const [oldest] = waiting;
    if (!oldest) return undefined;
    const rules = this.queueing.now.rulesFor(oldest.record);
    const { cap, drop } = rules;
    if (waiting.length < cap) return undefined;
    this.#options.services.log.warn("too many messages wait in a conversation", { sessionKey, cap, drop });
    const left = messageToDrop([...waiting.map(({ record }) => record), comes], drop);
    const drops = waiting.find(({ record }) => record === left);
    if (!drops) return {};
    return isToldOf(drops.record, rules) ? { drops, omitted: leftOut(drops.record) } : { drops };
  }

  /** Queues a run, or passes its message to the run under way. */
  add(run: Run, content: readonly StoredPart[] = []): void {
    const { record } = run;
    const active = this.#lanes.active(record.sessionKey);
    if (!active || !isFromPerson(record)) return this.#lanes.add(run);
    const rules = this.#rulesFor(record);
    if (rules.mode === "interrupt") this.#interrupt(record);
    this.#lanes.add(run, collects(rules) ? rules.debounceMs : 0);
    if (rules.mode === "steer" || rules.mode === "steer-backlog")
      this.#steer(active, run, content, rules.mode === "steer-backlog");
  }

  /** Lends a waiting run's place to the runs that it waits for, until the returned value is disposed. */
  lend(run: Run): Disposable {
    return this.#lanes.lend(run);
  }

  /** A run has ended, whether it worked or waited. */
  remove(run: Run): void {
    this.#lanes.remove(run);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#lanes[Symbol.dispose]();
  }

  /** Ends the other replies to people, except to those who may do more than the newest message's sender. */
  #interrupt(newest: RunRecord): void {
    const { sessionKey } = newest;
    for (const run of [this.#lanes.active(sessionKey), ...this.#lanes.waiting(sessionKey)])
      if (run && isFromPerson(run.record) && rankIn(run.record) <= rankIn(newest))
        this.#options.abort(run, "interrupt");
  }

  /** Passes a message to the run under way: text only, and only from a sender who may address that reply. */
  #steer(active: Run, run: Run, content: readonly StoredPart[], isKept: boolean): void {
    const isWords = content.every(({ type }) => type === "text");
    if (!isWords || !this.#goTogether(active, run)) return;
    active.steer({ runId: run.id, content, isKept });
  }

  #rulesFor(record: RunRecord): QueueRules {
    return this.#options.isCommand(record) ? IN_ORDER : this.queueing.now.rulesFor(record);
  }

  #goTogether(a: Run, b: Run): boolean {
    return mayShareTurn(a.record, b.record, this.#options.hasOwnRules);
  }

  /** The runs that begin next of those that wait in a conversation. */
  #batch(waiting: readonly Run[]): Run[] {
    const isFresh = ({ record }: Run) => isFromPerson(record) && record.startedAt === undefined;
    return nextBatch(waiting, {
      collects: (head) => isFresh(head) && collects(this.#rulesFor(head.record)),
      together: (head, other) => head === other || (isFresh(other) && this.#goTogether(head, other)),
    });
  }
}
