/**
 * Looks which slots are due, writes them down, and begins what waits. Nothing is locked while a job works. The next slot is
 * stored with the job, so that a look without due jobs is one short query, and schedules are loaded when one is due.
 */

import type { Settings } from "../../../base/config/config.ts";
import { GatewayError, messageOf } from "../../../base/errors.ts";
import type { Due, Waiting } from "../../../base/schedule/due.ts";
import type { Port } from "../../../kit/port.ts";
import type { RunOutcome, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { Job, Jobs } from "./jobs.ts";
import type { CronServices } from "./services.ts";
import type { CronSettings } from "./settings.ts";
import type { Slot, Slots } from "./slots.ts";
import type { Places } from "./work.ts";

/** The clock may be set, and the machine may sleep: so it looks again after this long at the latest, ms. */
const LOOK_AGAIN_MS = 60_000;
/** How many jobs and slots are taken in one go; the rest follows at once. */
const PER_LOOK = 100;
/** A job that fails this often in a row is switched off. */
export const MAX_ERRORS = 10;
const MAX_SUMMARY_CHARS = 2_000;

export interface SchedulerOptions {
  readonly services: CronServices;
  readonly settings: Settings<CronSettings>;
  readonly jobs: Jobs;
  readonly slots: Slots;
  readonly places: Port<Places>;
  /** A slot's work has begun, or ended. */
  changed(action: "started" | "finished", slot: Slot): void;
}

export class Scheduler implements Disposable {
  readonly #options: SchedulerOptions;
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

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
          this.#options.services.log.error("jobs could not be looked at", { error });
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
    const { jobs, slots, services, settings } = this.#options;
    if (this.#isStopped || !settings.current.enabled) return;
    for (let due = jobs.due(services.clock.now(), PER_LOOK); due.length > 0; ) {
      const { dueSlots } = await import("../../../base/schedule/due.ts");
      if (this.#isStopped) return;
      const now = services.clock.now();
      services.store.transaction(() => {
        for (const job of due) this.#takeIn(job, (waiting) => dueSlots(waiting, now));
      });
      due = due.length < PER_LOOK ? [] : jobs.due(now, PER_LOOK);
    }
    for (const slot of slots.waiting(PER_LOOK)) await this.begin(slot);
  }

  #takeIn({ id }: Job, dueOf: (waiting: Waiting) => Due): void {
    const { jobs, slots, services } = this.#options;
    const { log } = services;
    const job = jobs.get(id);
    if (!job?.enabled || job.nextAt === undefined) return;
    const { schedule, catchUp, graceMs } = job.config;
    const waiting = { schedule, catchUp, graceMs, nextAt: job.nextAt, isRunning: slots.isBusy(id) };
    try {
      const { slots: due, nextAt } = dueOf(waiting);
      for (const slot of due) slots.add(job, slot);
      jobs.wait(id, nextAt);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      log.warn("a job is switched off, because its schedule cannot be read any more", { jobId: id, error });
      jobs.ended(id, { errors: job.errors + 1, enabled: false });
    }
  }

  /** Begins a slot that waits, when there is room or `isForced`. */
  async begin(slot: Slot, isForced = false): Promise<void> {
    const { jobs, places, slots, services, settings } = this.#options;
    const { startRun, tell } = await import("./work.ts");
    const job = jobs.get(slot.jobId);
    if (this.#isStopped || !job || slots.get(slot.id)?.state !== "waiting") return;
    const { payload } = job.config;
    if (payload.kind === "agentTurn" && !isForced && slots.running() >= settings.current.maxConcurrentRuns) return;
    try {
      if (payload.kind === "agentTurn") {
        startRun({ services, slots }, { job, slot }, payload);
        this.#changed("started", slot);
        return;
      }
      const route = tell({ services, slots, place: places.now.placeOf(job.id) }, { job, slot }, payload.text);
      this.#changed("started", slot);
      this.#close(job, slot, true);
      if (route) services.messaging.accounts.find(route)?.sender.kick();
      this.#changed("finished", slot);
    } catch (error) {
      this.#failed(job, slot, error);
    }
  }

  /** A run of a job has ended; within the transaction that records it. */
  ended({ id }: RunRecord, outcome: RunOutcome): void {
    const { slots, jobs, services } = this.#options;
    const slot = slots.ofRun(id);
    if (slot?.state !== "running" || outcome.kind === "merged") return;
    const isOk = outcome.kind === "ok";
    const error = outcome.kind === "error" ? outcome.error : isOk ? undefined : `aborted: ${outcome.reason}`;
    const summary = outcome.text.slice(0, MAX_SUMMARY_CHARS).toWellFormed();
    slots.end(slot.id, { at: services.clock.now(), state: isOk ? "ok" : "error", error, summary });
    const job = jobs.get(slot.jobId);
    if (job) this.#close(job, slot, isOk);
    setImmediate(() => {
      if (this.#isStopped) return;
      if (job) this.#post(job, error ?? summary);
      this.#changed("finished", slot);
      this.look();
    });
  }

  /** What could not begin for want of room waits; anything else is the end of the slot. */
  #failed(job: Job, slot: Slot, error: unknown): void {
    const { slots, services } = this.#options;
    if (error instanceof GatewayError && error.retryable === true) return;
    services.log.warn("a job could not begin", { jobId: job.id, error });
    const message = messageOf(error);
    services.store.transaction(() => {
      slots.end(slot.id, { at: services.clock.now(), state: "error", error: message });
      this.#close(job, slot, false);
    });
    this.#changed("finished", slot);
  }

  /** What the end of a run does to its job. */
  #close(job: Job, slot: Slot, isOk: boolean): void {
    const { jobs, services } = this.#options;
    const isOnce = job.config.schedule.kind === "at" && job.nextAt === undefined;
    if (isOk && isOnce && job.config.deleteAfterRun) return void jobs.remove(job.id);
    const errors = isOk ? 0 : job.errors + 1;
    const isGivenUp = errors >= MAX_ERRORS;
    if (isGivenUp)
      services.log.warn("a job is switched off, because it failed too often", { jobId: slot.jobId, errors });
    jobs.ended(job.id, { errors, enabled: job.enabled && !isOnce && !isGivenUp });
  }

  /** January's clients have the main conversation told of what an isolated run has said. */
  #post({ id, config }: Job, said: string): void {
    if (!config.isolation || said.trim() === "") return;
    const { heartbeat, sessions } = this.#options.services;
    const { postToMainPrefix = "Cron", postToMainMaxChars = 8_000 } = config.isolation;
    const text = `${postToMainPrefix}: ${said.slice(0, postToMainMaxChars).toWellFormed()}`;
    const sessionKey = sessions.mainKey(config.agentId);
    heartbeat.note({ sessionKey, text, source: `cron:${id}` });
    heartbeat.wake({ mode: config.wakeMode, reason: `cron:${id}`, sessionKey });
  }

  #changed(action: "started" | "finished", { id }: Slot): void {
    const slot = this.#options.slots.get(id);
    if (slot) this.#options.changed(action, slot);
  }

  /** Without jobs that may run, and after an error, the next look is a minute away, however much is due. */
  #wait(isWell: boolean): void {
    const { services, jobs, settings } = this.#options;
    if (this.#isStopped) return;
    const { clock } = services;
    const next = isWell && settings.current.enabled ? jobs.nextAt() : undefined;
    const ms = Math.min(LOOK_AGAIN_MS, Math.max(1, (next ?? Number.POSITIVE_INFINITY) - clock.now()));
    this.#timer = clock.after(ms, () => this.look());
  }
}
