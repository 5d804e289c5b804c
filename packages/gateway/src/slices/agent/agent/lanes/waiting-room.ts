/** The runs that wait: behind which reply, with which others, and which of them are left out. */
import { Port } from "../../../../kit/port.ts";
import type { StoredPart } from "../../../core/sessions/transcript.ts";
import type { Run } from "../run/run.ts";
import type { AbortReason, RunRecord } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import { rankIn } from "../toolbox/tool-policy.ts";
import { Lanes } from "./lanes.ts";
import {
  collects,
  goTogether,
  IN_ORDER,
  isFromPerson,
  isToldOf,
  leastWanted,
  leftOut,
  nextBatch,
  type QueueRules,
} from "./queue.ts";

export interface WaitingRoomOptions {
  readonly services: AgentServices;
  /** Lets runs work, the last of them for all; resolves when they have let go. Must not throw. */
  start(batch: readonly Run[]): Promise<void>;
  abort(run: Run, reason: AbortReason): void;
  /** Whether each message wants an answer of its own, whatever the rules say. */
  isCommand(record: Pick<RunRecord, "sessionKey">): boolean;
  /** Whether some tools are allowed or denied to whoever started it, by id. */
  hasOwnRules(record: RunRecord): boolean;
}

/** Too many wait: which is left out, undefined being the one that comes, and what stands in its place. */
export interface Crowd {
  readonly drops?: Run;
  readonly omitted?: RunRecord["request"]["omitted"];
}

/** Who says how a message waits behind the reply under way. */
export interface Queueing {
  rulesFor(record: RunRecord): QueueRules;
}

export class WaitingRoom implements Disposable {
  readonly #options: WaitingRoomOptions;
  readonly #lanes: Lanes;
  /** How a message waits behind the reply under way. */
  readonly queueing = new Port<Queueing>({ rulesFor: () => IN_ORDER });

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    const { agents, clock } = options.services;
    this.#lanes = new Lanes({
      clock,
      limit: (lane) => {
        const { maxConcurrent, subagents } = agents.settings.defaults;
        return lane === "main" ? maxConcurrent : subagents.maxConcurrent;
      },
      batch: (waiting) => this.#batch(waiting),
      start: (batch) => options.start(batch),
    });
  }

  /** Whether a run of the conversation is at work. */
  isBusy(sessionKey: string): boolean {
    return this.#lanes.active(sessionKey) !== undefined;
  }

  /** Who has to go when one more comes; undefined when there is room. Commands are answered one by one, and none is left out. */
  crowd(comes: Pick<RunRecord, "source" | "sessionKey" | "principal" | "request">): Crowd | undefined {
    const { sessionKey } = comes;
    if (!isFromPerson(comes) || this.#options.isCommand(comes)) return undefined;
    const waiting = this.#lanes.waiting(sessionKey).filter(({ record }) => isFromPerson(record));
    const [oldest] = waiting;
    if (!oldest) return undefined;
    const rules = this.queueing.now.rulesFor(oldest.record);
    const { cap, drop } = rules;
    if (waiting.length < cap) return undefined;
    this.#options.services.log.warn("too many messages wait in a conversation", { sessionKey, cap, drop });
    const left = leastWanted([...waiting.map(({ record }) => record), comes], drop);
    const drops = waiting.find(({ record }) => record === left);
    if (!drops) return {};
    return isToldOf(drops.record, rules) ? { drops, omitted: leftOut(drops.record) } : { drops };
  }

  /** A run begins when its turn comes, or what it says is said to the one under way. */
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

  /** A run waits for others, to which it leaves its place until what is returned is disposed. */
  lend(run: Run): Disposable {
    return this.#lanes.lend(run);
  }

  /** A run has ended, whether it worked or waited. */
  remove(run: Run): void {
    this.#lanes.remove(run);
  }

  [Symbol.dispose](): void {
    this.#lanes[Symbol.dispose]();
  }

  /** The newest message alone counts: the other replies to people end, except to those who may do more than its sender. */
  #interrupt(newest: RunRecord): void {
    const { sessionKey } = newest;
    for (const run of [this.#lanes.active(sessionKey), ...this.#lanes.waiting(sessionKey)])
      if (run && isFromPerson(run.record) && rankIn(run.record) <= rankIn(newest))
        this.#options.abort(run, "interrupt");
  }

  /** Only words, and only from whoever may say them to that reply. */
  #steer(active: Run, run: Run, content: readonly StoredPart[], isKept: boolean): void {
    const isWords = content.every(({ type }) => type === "text");
    if (!isWords || !this.#goTogether(active, run)) return;
    active.steer({ runId: run.id, content, isKept });
  }

  #rulesFor(record: RunRecord): QueueRules {
    return this.#options.isCommand(record) ? IN_ORDER : this.queueing.now.rulesFor(record);
  }

  #goTogether(a: Run, b: Run): boolean {
    return goTogether(a.record, b.record, this.#options.hasOwnRules);
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
