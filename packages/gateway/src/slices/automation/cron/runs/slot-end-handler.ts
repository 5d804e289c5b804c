/** What the end of a run does to its job: whether it is tried again, rests, is switched off, and who is told. */
import type { Log } from "../../../../base/log.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import type { Alerts, News } from "../delivery/alerts.ts";
import type { Place } from "../delivery/place.ts";
import type { Job, JobState, Jobs } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";
import type { Slot, SlotEnd, Slots } from "./slots.ts";

export interface SlotEndHandlerOptions {
  readonly services: Pick<CronServices, "store"> & {
    readonly clock: Pick<Clock, "now">;
    readonly log: Pick<Log, "warn">;
  };
  readonly settings: { readonly current: Pick<CronSettings, "retry" | "disableAfterErrors"> };
  readonly jobs: Jobs;
  readonly slots: Slots;
  readonly alerts: Pick<Alerts, "tell" | "send">;
  /** The end as the wire says it, for programs that it is posted to. */
  bodyOf(slot: Slot): object;
}

/** How a run has ended, and whether trying it again can do no harm. */
export interface End extends Omit<SlotEnd, "at"> {
  readonly canRepeat?: boolean;
  /** Why its words could not be delivered, when they could not. */
  readonly undelivered?: string | undefined;
}

const MAX_ERROR_CHARS = 500;

export class SlotEndHandler {
  readonly #options: SlotEndHandlerOptions;

  constructor(options: SlotEndHandlerOptions) {
    this.#options = options;
  }

  /** Records the end of a slot's run and all that follows, in one transaction. Returns the chats that have messages to send. */
  end(slot: Slot, end: End): DeliverTo[] {
    const { services, slots, jobs } = this.#options;
    return services.store.transaction(() => {
      const { state, error, summary } = end;
      slots.end(slot.id, { at: services.clock.now(), state, error, summary });
      const job = jobs.get(slot.jobId);
      return job ? this.#close(job, slot, end) : [];
    });
  }

  /** Slots of a job were missed: within the transaction that notes them. */
  missed(job: Job, count: number, at: number): DeliverTo[] {
    const { jobs, alerts } = this.#options;
    const skipped = count === 0 ? 0 : (job.state.skipped ?? 0) + count;
    if (skipped === (job.state.skipped ?? 0)) return [];
    const text = `The job “${job.config.name}” missed ${skipped} of its times in a row.`;
    const news: News = { cause: "skipped", text, count: skipped, origin: `${job.id}:${at}` };
    const { alert, to } = count === 0 ? { alert: job.state.alert, to: undefined } : alerts.tell(job, job.state, news);
    jobs.note(job.id, { ...job, state: { ...job.state, skipped, alert } });
    return to ? [to] : [];
  }

  /** A schedule cannot be read any more: the job is switched off, and somebody is told. */
  unreadable(job: Job, why: string): DeliverTo[] {
    return this.#switchOff(job, { errors: job.errors + 1, state: job.state }, `its schedule cannot be read: ${why}`);
  }

  #close(job: Job, slot: Slot, end: End): DeliverTo[] {
    return end.state === "ok" ? this.#closeWell(job, slot, end) : this.#closeFailed(job, slot, end);
  }

  #closeWell(job: Job, slot: Slot, { undelivered }: End): DeliverTo[] {
    const { jobs, slots, services, alerts } = this.#options;
    const { clock } = services;
    const { name, delivery, deleteAfterRun } = job.config;
    slots.drop(job.id, { at: clock.now(), why: "a later run went well", cause: "retry" });
    const { autoDisabled: _off, restsUntil: _rest, ...state } = job.state;
    const isLost = undelivered !== undefined && delivery.bestEffort !== true;
    const news: News = isLost
      ? {
          cause: "delivery",
          text: `The job “${name}” ran, but its words went nowhere: ${undelivered}.`,
          ...atOf(slot, 1),
        }
      : { cause: "well", text: `The job “${name}” works again.`, ...atOf(slot, 0) };
    const { alert, to } = alerts.tell(job, state, news);
    const chats = [...(to ? [to] : []), ...this.#complete(job, slot)];
    const isOver = isOnce(job);
    if (isOver && deleteAfterRun) jobs.remove(job.id);
    else jobs.note(job.id, { errors: 0, enabled: job.enabled && !isOver, state: { ...state, alert, last: "ok" } });
    return chats;
  }

  #closeFailed(job: Job, slot: Slot, { error = "it failed", canRepeat = false }: End): DeliverTo[] {
    const { jobs, slots, services, settings, alerts } = this.#options;
    const { retry, disableAfterErrors } = settings.current;
    const now = services.clock.now();
    const errors = job.errors + 1;
    const isGivenUp = errors >= disableAfterErrors;
    const isRepeated = canRepeat && !isGivenUp && slot.attempt < retry.maxAttempts && slot.cause !== "person";
    const restsUntil = now + (retry.backoffMs[Math.min(errors, retry.backoffMs.length) - 1] ?? 0);
    if (isRepeated) slots.addRetry(slot, restsUntil);
    const state: JobState = { ...job.state, last: "error", restsUntil };
    const reason = error.slice(0, MAX_ERROR_CHARS).toWellFormed();
    const chats = [...this.#failed(job, slot, { reason, errors, isRepeated }), ...this.#complete(job, slot)];
    if (isGivenUp && job.enabled) return [...chats, ...this.#switchOff(job, { errors, state }, reason)];
    const times = errors === 1 ? "has failed" : `has failed ${errors} times in a row`;
    const text = `The job “${job.config.name}” ${times}: ${reason}`;
    const { alert, to } = alerts.tell(job, state, { cause: "failed", text, ...atOf(slot, errors) });
    const enabled = job.enabled && (isRepeated || !isOnce(job) || slot.cause === "person");
    jobs.note(job.id, { errors, enabled, state: { ...state, alert } });
    return to ? [...chats, to] : chats;
  }

  /** Who wants to hear of each failure hears of those that are final. */
  #failed(job: Job, slot: Slot, failure: { reason: string; errors: number; isRepeated: boolean }): DeliverTo[] {
    const { failureDestination } = job.config.delivery;
    if (!failureDestination || failure.isRepeated) return [];
    const text = `The job “${job.config.name}” has failed: ${failure.reason}`;
    return this.#send(job, failureDestination, { text, slot, of: "failure" });
  }

  #complete(job: Job, slot: Slot): DeliverTo[] {
    const { completionDestination } = job.config.delivery;
    if (!completionDestination) return [];
    const { state, summary, error } = this.#options.slots.get(slot.id) ?? slot;
    const said = (state === "ok" ? summary : error) ?? "";
    const text = `The job “${job.config.name}” ${state === "ok" ? "ran" : "failed"}${said === "" ? "." : `: ${said}`}`;
    return this.#send(job, completionDestination, { text, slot, of: "completion" });
  }

  #send(job: Job, place: Place, { text, slot, of }: { text: string; slot: Slot; of: string }): DeliverTo[] {
    const origin = `cron-${of}:${slot.id}`;
    const to = this.#options.alerts.send(job, place, { text, origin, body: this.#options.bodyOf(slot) });
    return to ? [to] : [];
  }

  #switchOff(job: Job, { errors, state }: Pick<Job, "errors" | "state">, reason: string): DeliverTo[] {
    const { jobs, slots, services, alerts } = this.#options;
    const now = services.clock.now();
    services.log.warn("a job is switched off, because it failed too often", { jobId: job.id, errors });
    slots.drop(job.id, { at: now, why: "the job was switched off", cause: "retry" });
    const text =
      `The job “${job.config.name}” is switched off after ${errors} failures in a row: ${reason} ` +
      `Mend it and write \`moltbot cron enable ${job.id}\`.`;
    const news: News = { cause: "disabled", text, count: errors, origin: `${job.id}:${now}` };
    const { alert, to } = alerts.tell(job, state, news);
    const autoDisabled = { reason, atMs: now, consecutiveErrors: errors };
    jobs.note(job.id, { errors, enabled: false, state: { ...state, alert, autoDisabled } });
    return to ? [to] : [];
  }
}

function isOnce({ config, nextAt }: Job): boolean {
  return config.schedule.kind === "at" && nextAt === undefined;
}

function atOf({ id, jobId }: Slot, count: number): Pick<News, "count" | "origin"> {
  return { count, origin: `${jobId}:${id}` };
}
