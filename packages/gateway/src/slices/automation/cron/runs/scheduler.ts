/**
 * Looks which slots are due, writes them down, and begins what waits. Nothing is locked while a job works. The next slot is
 * stored with the job, so that a look without due jobs is one short query, and schedules are loaded when one is due.
 */

import { setImmediate as breath } from "node:timers/promises";
import { GatewayError } from "../../../../base/errors.ts";
import type { Due, DueSlot, Waiting } from "../../../../base/schedule/due.ts";
import type { DeliverTo, RunOutcome, RunRecord } from "../../../agent/agent/run/run-store.ts";
import type { Job } from "../jobs/jobs.ts";
import { repairAfterClockSetBack } from "./clock-set-back.ts";
import type { SlotEndHandler } from "./slot-end-handler.ts";
import { SlotStarter, type SlotStarterOptions } from "./slot-starter.ts";
import type { Slot } from "./slots.ts";

/** The clock may be set, and the machine may sleep: so it looks again after this long at the latest, ms. */
const LOOK_AGAIN_MS = 60_000;
/** Jobs that are due more often than this are looked at together, ms. */
const LEAST_PAUSE_MS = 100;
/** How many jobs are written down in one transaction. */
const PER_STEP = 20;
/** How long one step may take, beside its last part, ms. */
const STEP_MS = 20;
const DAY_MS = 24 * 3_600_000;

export interface SchedulerOptions extends Omit<SlotStarterOptions, "lookAgain"> {
  readonly ends: SlotEndHandler;
}

export class Scheduler implements Disposable {
  readonly #options: SchedulerOptions;
  readonly #starter: SlotStarter;
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;
  /** The wall time of the last look; before the first one, the clock may have been set back. */
  #lookedAt = Number.POSITIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#starter = new SlotStarter({ ...options, lookAgain: () => this.look() });
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#starter[Symbol.dispose]();
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
    const { jobs, services, settings } = this.#options;
    if (this.#isStopped || !settings.current.enabled) return;
    if (services.clock.now() < this.#lookedAt) await repairAfterClockSetBack(this.#options);
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
    await this.#starter.beginWaiting();
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
    this.#starter.kick(chats);
    return taken < due.length;
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

  /** Begins a slot that waits; see `SlotStarter`. */
  async begin(slot: Slot): Promise<void> {
    await this.#starter.begin(slot);
  }

  /** Ends the turns whose runs do not go on: a restore has ended them, or they were lost with a damaged table. */
  takeStock(): void {
    const { slots, services, ends } = this.#options;
    const { runs } = services.agent;
    for (const slot of slots.runningRuns()) {
      if (slot.runId !== null && runs.known(slot.runId)?.kind === "open") continue;
      const record = slot.runId === null ? undefined : runs.record(slot.runId);
      if (record?.outcome) this.ended(record, record.outcome);
      else this.#starter.kick(ends.end(slot, { state: "error", error: "its run is not there any more" }));
    }
  }

  /** A run of a job has ended; within the transaction that records it. */
  ended(record: RunRecord, outcome: RunOutcome): void {
    this.#starter.ended(record, outcome);
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
