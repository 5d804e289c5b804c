/** Starts waiting slots while the limits of jobs allow it, and records how they end. */
import { setImmediate as breath } from "node:timers/promises";
import type { Settings } from "../../../../base/config/config.ts";
import { GatewayError, ignore, messageOf } from "../../../../base/errors.ts";
import type { DeliverTo, RunOutcome, RunRecord } from "../../../agent/agent/run/run-store.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { CronSettings } from "../settings.ts";
import type { JobPrograms } from "./job-programs.ts";
import type { Slot } from "./slots.ts";
import { post, startRun, tell, tellMain, type WorkContext } from "./work.ts";

/** How many slots begin before others get their turn. */
const PER_STEP = 20;
const MAX_SUMMARY_CHARS = 2_000;
const DAY_MS = 24 * 3_600_000;

export interface SlotStarterOptions extends WorkContext {
  readonly settings: Settings<CronSettings>;
  readonly jobs: Jobs;
  readonly programs: JobPrograms;
  /** A slot's work has begun, or ended. */
  changed(action: "started" | "finished", slot: Slot): void;
  /** There is room again, or a retry to wait for. */
  lookAgain(): void;
}

export class SlotStarter implements Disposable {
  readonly #options: SlotStarterOptions;
  #isStopped = false;

  constructor(options: SlotStarterOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
  }

  /** Words begin at once, work while there is room. */
  async beginWaiting(): Promise<void> {
    await this.#beginAll("tell");
    await this.#beginAll("others");
    if (!this.#isStopped) this.#options.posts.look();
  }

  async #beginAll(work: "tell" | "others"): Promise<void> {
    const { slots, services } = this.#options;
    for (let last = -1; !this.#isStopped; ) {
      const room = work === "tell" ? PER_STEP : Math.min(PER_STEP, this.#room());
      const waiting = room > 0 ? slots.waiting(services.clock.now(), work, room) : [];
      const [first] = waiting;
      // What is first again could not begin, and waits for the next look.
      if (!first || first.id === last) return;
      last = first.id;
      if (work === "others" || !this.#tellAll(waiting)) for (const slot of waiting) await this.begin(slot);
      await breath();
    }
  }

  /** Tells what several slots say in one transaction. Returns false when one cannot be told; then none is. */
  #tellAll(waiting: readonly Slot[]): boolean {
    const { jobs, slots, services, posts } = this.#options;
    const told: Slot[] = [];
    const chats: DeliverTo[] = [];
    try {
      services.store.transaction(() => {
        for (const slot of waiting) {
          const job = jobs.get(slot.jobId);
          if (job?.config.payload.kind !== "systemEvent" || slots.get(slot.id)?.state !== "waiting") continue;
          chats.push(...tell(this.#options, { job, slot }, job.config.payload.text));
          told.push(slot);
        }
      });
    } catch (error) {
      ignore(error, "each is told for itself, and the one that fails says why");
      return false;
    }
    for (const slot of told) {
      this.#changed("started", slot);
      this.#changed("finished", slot);
    }
    this.kick(chats);
    posts.look();
    return told.length === waiting.length;
  }

  #room(): number {
    const { slots, settings } = this.#options;
    return settings.current.maxConcurrentRuns - slots.running();
  }

  /** Begins a slot that waits. What cannot begin for want of room goes on waiting. */
  async begin(slot: Slot): Promise<void> {
    const { jobs, slots, settings, programs } = this.#options;
    const job = jobs.get(slot.jobId);
    if (this.#isStopped || slots.get(slot.id)?.state !== "waiting") return;
    if (!job) return slots.drop(slot.jobId, { at: slot.slotAt, why: "the job was removed" });
    const { payload } = job.config;
    try {
      if (payload.kind === "systemEvent") {
        const chats = tell(this.#options, { job, slot }, payload.text);
        this.#changed("started", slot);
        return this.#over(slot, chats);
      }
      if (payload.kind === "agentTurn") {
        this.#requireBudget(settings.current.maxRunsPerDay);
        startRun(this.#options, { job, slot }, payload);
      } else programs.start({ job, slot }, payload, (chats) => this.#over(slot, chats));
      this.#changed("started", slot);
    } catch (error) {
      this.#failed(slot, error);
    }
  }

  #requireBudget(most: number | undefined): void {
    const { slots, services } = this.#options;
    if (most === undefined || slots.runsSince(services.clock.now() - DAY_MS) < most) return;
    throw new GatewayError(
      "UNAVAILABLE",
      `jobs have had the agent work ${most} times in 24 hours; raise cron.maxRunsPerDay`,
    );
  }

  /** A run of a job has ended; within the transaction that records it. */
  ended({ id }: RunRecord, outcome: RunOutcome): void {
    const { slots, services, ends, jobs, lookAgain } = this.#options;
    const slot = slots.ofRun(id);
    if (slot?.state !== "running" || outcome.kind === "merged") return;
    const isOk = outcome.kind === "ok";
    const error = outcome.kind === "error" ? outcome.error : isOk ? undefined : `aborted: ${outcome.reason}`;
    const summary = outcome.text.slice(0, MAX_SUMMARY_CHARS).toWellFormed();
    const isOwn = outcome.kind === "error" || (outcome.kind === "aborted" && outcome.reason === "timeout");
    const job = jobs.get(slot.jobId);
    const chats = ends.end(slot, {
      ...{ state: isOk ? "ok" : "error", error, summary },
      // What had an effect may not be done again.
      canRepeat: isOwn && !services.agent.runs.hasChanged(id),
      undelivered: slot.deliveryError ?? undefined,
    });
    if (job) post(this.#options, { job, slot });
    setImmediate(() => {
      if (this.#isStopped) return;
      if (job) tellMain(services, job, error ?? summary);
      this.#over(slot, chats);
      lookAgain();
    });
  }

  /** What could not begin for want of room waits; anything else is the end of the slot. */
  #failed(slot: Slot, error: unknown): void {
    const { services, ends } = this.#options;
    if (error instanceof GatewayError && error.retryable === true) return;
    if (!(error instanceof GatewayError)) services.log.error("a job could not begin", { jobId: slot.jobId, error });
    this.#over(slot, ends.end(slot, { state: "error", error: messageOf(error) }));
  }

  /** The end of a slot is on disk. */
  #over(slot: Slot, chats: readonly DeliverTo[]): void {
    if (this.#isStopped) return;
    this.kick(chats);
    this.#changed("finished", slot);
    this.#options.posts.look();
    if (slot.work !== "tell" || this.#options.jobs.get(slot.jobId)?.state.restsUntil !== undefined)
      this.#options.lookAgain();
  }

  kick(chats: readonly DeliverTo[]): void {
    const { accounts } = this.#options.services.messaging;
    for (const chat of chats) accounts.find(chat)?.sender.kick();
  }

  #changed(action: "started" | "finished", { id }: Slot): void {
    const slot = this.#options.slots.get(id);
    if (slot) this.#options.changed(action, slot);
  }
}
