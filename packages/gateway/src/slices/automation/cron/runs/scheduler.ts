/**
 * Looks which slots are due, writes them down, and begins what waits. Nothing is locked while a job works. The next slot is
 * stored with the job, so that a look without due jobs is one short query, and schedules are loaded when one is due.
 */

import { setImmediate as breath } from "node:timers/promises";
import type { Settings } from "../../../../base/config/config.ts";
import { GatewayError, ignore, messageOf } from "../../../../base/errors.ts";
import type { Due, DueSlot, Waiting } from "../../../../base/schedule/due.ts";
import type { DeliverTo, RunOutcome, RunRecord } from "../../../agent/agent/run/run-store.ts";
import type { Job, Jobs } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";
import type { Ends } from "./ends.ts";
import type { Programs } from "./programs.ts";
import { setRight } from "./set-right.ts";
import type { Slot, Slots } from "./slots.ts";
import { post, startRun, tell, tellMain, type Working } from "./work.ts";

/** The clock may be set, and the machine may sleep: so it looks again after this long at the latest, ms. */
const LOOK_AGAIN_MS = 60_000;
/** Jobs that are due more often than this are looked at together, ms. */
const LEAST_PAUSE_MS = 100;
/** How many jobs are written down in one transaction, and how many slots begin before others get their turn. */
const PER_STEP = 20;
/** How long one step may take, beside its last part, ms. */
const STEP_MS = 20;
const MAX_SUMMARY_CHARS = 2_000;
const DAY_MS = 24 * 3_600_000;

export interface SchedulerOptions extends Working {
  readonly services: CronServices;
  readonly settings: Settings<CronSettings>;
  readonly jobs: Jobs;
  readonly slots: Slots;
  readonly ends: Ends;
  readonly programs: Programs;
  /** A slot's work has begun, or ended. */
  changed(action: "started" | "finished", slot: Slot): void;
}

export class Scheduler implements Disposable {
  readonly #options: SchedulerOptions;
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;
  /** The wall time of the last look; before the first one, the clock may have been set back. */
  #lookedAt = Number.POSITIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
  }

  /** Looks now, and sets the timer for the next look. A call during a look has it look once more. */
  look(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#isStopped) return;
    const again = this.#looking ?? Promise.resolve();
    const looking = again
      .then(() => this.#look())
      .then(
        () => true,
        (error: unknown) => {
          if (!this.#isStopped) this.#options.services.log.error("jobs could not be looked at", { error });
          return false;
        },
      )
      .then((isWell) => {
        if (this.#looking !== looking) return;
        this.#looking = undefined;
        this.#wait(isWell);
      });
    this.#looking = looking;
  }

  async #look(): Promise<void> {
    const { jobs, services, settings, posts } = this.#options;
    if (this.#isStopped || !settings.current.enabled) return;
    if (services.clock.now() < this.#lookedAt) await setRight(this.#options);
    if (this.#isStopped) return;
    this.#lookedAt = services.clock.now();
    for (let due = jobs.due(services.clock.now(), PER_STEP); due.length > 0; ) {
      const { dueSlots } = await import("../../../../base/schedule/due.ts");
      if (this.#isStopped) return;
      const now = services.clock.now();
      const isMore = this.#takeAllIn(due, (waiting) => dueSlots(waiting, now)) || due.length === PER_STEP;
      if (isMore) await breath();
      due = isMore && !this.#isStopped ? jobs.due(now, PER_STEP) : [];
    }
    await this.#beginAll("tell");
    await this.#beginAll("others");
    if (!this.#isStopped) posts.look();
  }

  /** Writes down what is due of some jobs, in one transaction. Returns true when the time was up before all had their turn. */
  #takeAllIn(due: readonly Job[], dueOf: (waiting: Waiting) => Due): boolean {
    const { services } = this.#options;
    const endAt = services.clock.monotonic() + STEP_MS;
    const chats: DeliverTo[] = [];
    let taken = 0;
    services.store.transaction(() => {
      for (const job of due) {
        if (taken > 0 && services.clock.monotonic() > endAt) break;
        chats.push(...this.#takeIn(job, dueOf));
        taken++;
      }
    });
    this.#kick(chats);
    return taken < due.length;
  }

  /** Words begin at once, work while there is room. */
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
    this.#kick(chats);
    posts.look();
    return told.length === waiting.length;
  }

  #room(): number {
    const { slots, settings } = this.#options;
    return settings.current.maxConcurrentRuns - slots.running();
  }

  #takeIn({ id }: Job, dueOf: (waiting: Waiting) => Due): DeliverTo[] {
    const { jobs, slots, services, settings, ends } = this.#options;
    const job = jobs.get(id);
    if (!job?.enabled || job.nextAt === undefined) return [];
    const { schedule, graceMs } = job.config;
    const now = services.clock.now();
    const { restsUntil = 0 } = job.state;
    const isBusy = slots.isBusy(id);
    // A clock that was far ahead must not have a job rest for long.
    const rests = restsUntil > now && restsUntil <= now + DAY_MS;
    const catchUp = settings.current.skipMissedJobs ? "none" : job.config.catchUp;
    try {
      const { slots: due, nextAt } = dueOf({
        schedule,
        catchUp,
        graceMs,
        nextAt: job.nextAt,
        isRunning: isBusy || rests,
      });
      const why = { coalesced: isBusy ? "its last run was not over" : `it rests after ${job.errors} failures` };
      const news = due.filter((slot) =>
        slots.add(job, slot, slot.outcome === "coalesced" ? why.coalesced : missedWhy(slot)),
      );
      jobs.wait(id, nextAt);
      const missed = news.filter(({ outcome }) => outcome === "missed").length;
      const isRun = news.some(({ outcome }) => outcome === "fired" || outcome === "late");
      if (missed === 0 && (!isRun || !job.state.skipped)) return [];
      return ends.missed(job, isRun ? 0 : missed, now);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return ends.unreadable(job, error.message);
    }
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
    const { slots, services, ends, jobs } = this.#options;
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
      this.look();
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
    this.#kick(chats);
    this.#changed("finished", slot);
    this.#options.posts.look();
    if (slot.work !== "tell" || this.#options.jobs.get(slot.jobId)?.state.restsUntil !== undefined) this.look();
  }

  #kick(chats: readonly DeliverTo[]): void {
    const { accounts } = this.#options.services.messaging;
    for (const chat of chats) accounts.find(chat)?.sender.kick();
  }

  #changed(action: "started" | "finished", { id }: Slot): void {
    const slot = this.#options.slots.get(id);
    if (slot) this.#options.changed(action, slot);
  }

  /** Without jobs that may run, and after an error, the next look is a minute away, however much is due. */
  #wait(isWell: boolean): void {
    const { services, jobs, slots, settings } = this.#options;
    if (this.#isStopped) return;
    const { clock } = services;
    const isOn = isWell && settings.current.enabled;
    const now = clock.now();
    const next = isOn
      ? Math.min(jobs.nextAt() ?? Number.POSITIVE_INFINITY, slots.nextRetryAt(now) ?? Number.POSITIVE_INFINITY)
      : now + LOOK_AGAIN_MS;
    const ms = Math.min(LOOK_AGAIN_MS, Math.max(LEAST_PAUSE_MS, next - now));
    this.#timer = clock.after(ms, () => this.look());
  }
}

function missedWhy({ outcome }: DueSlot): string | undefined {
  return outcome === "missed"
    ? "missed: the gateway was off, asleep or busy, and a later time was caught up with"
    : undefined;
}
