/** The service of cron: jobs, when they are due, and what became of each time. */
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { Port } from "../../../kit/port.ts";
import type { RunOutcome, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { RunObserver } from "../../agent/agent/runs.ts";
import { Alerts } from "./delivery/alerts.ts";
import { Deliveries } from "./delivery/deliveries.ts";
import { WebhookPosts } from "./delivery/webhook-posts.ts";
import { changed } from "./events.ts";
import { JobViews, type Protocol } from "./jobs/job-views.ts";
import { type Job, Jobs } from "./jobs/jobs.ts";
import { Retention } from "./jobs/retention.ts";
import { manualId, revisionOf } from "./jobs/wire.ts";
import { JobPrograms } from "./runs/job-programs.ts";
import { Scheduler } from "./runs/scheduler.ts";
import { SlotEndHandler } from "./runs/slot-end-handler.ts";
import { type Slot, Slots } from "./runs/slots.ts";
import type { Places } from "./runs/work.ts";
import type { CronJob, CronPatch, JobInput } from "./schema.ts";
import type { CronServices } from "./services.ts";
import { type CronSettings, cron as section } from "./settings.ts";
import { tidyJob } from "./tidy.ts";

/** More jobs than this are refused. */
const MAX_JOBS = 20_000;

export class Cron implements RunObserver, Disposable {
  /** Where the words of a job are said that belongs to a conversation. Filled by reminders. */
  readonly places = new Port<Places>({ placeOf: () => undefined });
  /** Jobs and their times as clients read them. */
  readonly views: JobViews;
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #jobs: Jobs;
  readonly #slots: Slots;
  readonly #posts: WebhookPosts;
  readonly #programs: JobPrograms;
  readonly #scheduler: Scheduler;
  readonly #stack = new DisposableStack();
  /** Callers that wait for the end of a slot. */
  readonly #waiting = new Map<number, () => void>();

  constructor(services: CronServices) {
    this.#services = services;
    const settings = services.config.of(section);
    const jobs = new Jobs(services.store);
    const slots = new Slots(services.store);
    const posts = this.#stack.use(new WebhookPosts(services, settings));
    const bodyOf = (slot: Slot) => this.views.entry(slots.get(slot.id) ?? slot, 4);
    const ends = new SlotEndHandler({
      services,
      settings,
      jobs,
      slots,
      bodyOf,
      alerts: new Alerts(services, settings, posts),
    });
    const working = { services, slots, ends, posts, places: this.places, bodyOf };
    const programs = new JobPrograms(working);
    this.#scheduler = this.#stack.use(
      new Scheduler({ ...working, settings, jobs, programs, changed: (action, slot) => this.#tellRun(action, slot) }),
    );
    this.#settings = settings;
    this.#jobs = jobs;
    this.#slots = slots;
    this.#posts = posts;
    this.#programs = programs;
    const deliveries = new Deliveries(services, slots, posts);
    this.views = new JobViews({ agents: services.agents, settings, jobs, slots, deliveries });
    services.agent.runs.observers.add(this);
  }

  start(): void {
    const retention = new Retention(this.#services, this.#settings, { slots: this.#slots, posts: this.#posts });
    for (const step of retention.steps()) this.#services.upkeep.add(step);
    this.#stack.use(this.#settings.onChange(() => this.#scheduler.look()));
    for (const chat of this.#programs.takeStock()) this.#services.messaging.accounts.find(chat)?.sender.kick();
    this.#scheduler.takeStock();
    this.#scheduler.look();
  }

  stop(): void {
    this.#scheduler[Symbol.dispose]();
    this.#programs[Symbol.dispose]();
    this.#posts[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  ended(record: RunRecord, outcome: RunOutcome): void {
    if (record.source === "cron") this.#scheduler.ended(record, outcome);
  }

  /** What would become of the times of a job. Throws `INVALID_REQUEST` when there is none. */
  async simulate(
    id: string,
    given: {
      readonly days: number;
      readonly protocol: Protocol;
      readonly from?: number;
      readonly down?: { readonly afterMs: number; readonly forMs: number };
    },
  ) {
    const job = this.views.known(id, given.protocol);
    const { tryOut } = await import("./runs/try-out.ts");
    const { from = this.#services.clock.now(), days, down } = given;
    const offAt = from + (down?.afterMs ?? 0);
    return tryOut(job, {
      ...{ from, days },
      ...(down && { down: { from: offAt, to: offAt + down.forMs } }),
      ...(this.#settings.current.skipMissedJobs && { catchUp: "none" as const }),
    });
  }

  /** A job as it is kept. */
  find(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Adds a job. With a key, a job that was declared with it is changed into this one. */
  async add(input: JobInput, declarationKey: string | undefined, protocol: Protocol): Promise<CronJob | Declared> {
    const { clock, store } = this.#services;
    // From here on nothing is waited for: another change of the job must not come between.
    const { changedJob, firstSlot, jobConfigOf } = await import("./jobs/job-config.ts");
    const known = declarationKey === undefined ? undefined : this.#jobs.declared(declarationKey);
    if (known) return this.#converge(known, input, { protocol, changedJob });
    const now = clock.now();
    const id = newId();
    const reading = { id, now, tz: this.#services.workspace.timeZone, protocol, method: "cron.add" as const };
    const config = jobConfigOf(input, reading);
    const job: Job = {
      ...{ id, config, enabled: input.enabled ?? true, nextAt: firstSlot(config.schedule, reading) },
      ...{ errors: 0, state: {}, declarationKey, createdAt: now, updatedAt: now },
    };
    this.#requireAgent(config.agentId);
    store.transaction(() => {
      const { length } = this.#jobs.list({ enabled: "all" }, { limit: 1, offset: MAX_JOBS - 1 });
      if (length > 0) throw invalidRequest(`there are ${MAX_JOBS} jobs already; remove some`);
      this.#jobs.save(job);
    });
    this.#tell("added", job);
    const shape = this.views.noted(job, this.views.shape(job, protocol), protocol);
    return declarationKey === undefined ? shape : { created: true, job: shape };
  }

  /**
   * Reads a job of another gateway, which keeps its id; the function saves it, and says false when the id is known. Its next
   * slot follows from now, so nothing is due at once; one whose only time is over is kept switched off. Throws
   * `INVALID_REQUEST` for what is no job.
   */
  async adoptable(id: string, input: unknown, nextRunAtMs: number | undefined): Promise<() => boolean> {
    const { adoptedJob } = await import("./jobs/adopt.ts");
    const reading = { now: this.#services.clock.now(), tz: this.#services.workspace.timeZone };
    const job = adoptedJob(id, input, { ...reading, nextRunAtMs });
    return () => {
      if (this.has(id) || this.#jobs.count({ enabled: "all" }) >= MAX_JOBS) return false;
      this.#jobs.save(job);
      return true;
    };
  }

  /** A job as its schema has it, of one that is written in another form; see `tidy.ts`. */
  tidied(job: unknown): unknown {
    return tidyJob(job);
  }

  has(id: string): boolean {
    return this.find(id) !== undefined;
  }

  /** Takes a job out again that `adopt` has added. */
  disown(id: string): void {
    this.#jobs.remove(id);
  }

  #converge(known: Job, input: JobInput, { protocol, changedJob }: Changing): Declared {
    const job = changedJob(known, { enabled: known.enabled, ...input }, this.#asked(protocol));
    const updated = revisionOf(job) !== revisionOf(known);
    if (updated) this.#save(job);
    return { created: false, updated, job: this.views.shape(updated ? job : known, protocol) };
  }

  /** Changes what `patch` names; null forgets. Throws when the job is not the one of `expected`. */
  async update(id: string, patch: CronPatch, options: { expected?: string; protocol: Protocol }) {
    const { expected, protocol } = options;
    // From here on nothing is waited for: another change of the job must not come between.
    const { changedInput, changedJob } = await import("./jobs/job-config.ts");
    const before = this.views.known(id, protocol);
    const actual = revisionOf(before);
    if (expected !== undefined && expected !== actual) {
      const details = { code: "CRON_JOB_CHANGED", expectedConfigRevision: expected, actualConfigRevision: actual };
      throw invalidRequest("the job was changed meanwhile; read it again", details);
    }
    const job = changedJob(before, changedInput(before, patch), this.#asked(protocol));
    this.#requireAgent(job.config.agentId);
    this.#save(job);
    return this.views.noted(job, this.views.shape(job, protocol), protocol);
  }

  #asked(protocol: Protocol) {
    const { clock, workspace } = this.#services;
    return { now: clock.now(), tz: workspace.timeZone, protocol };
  }

  #requireAgent(agentId: string | undefined): void {
    const { agents } = this.#services;
    if (agentId === undefined || agents.ids().includes(agentId.toLowerCase())) return;
    throw invalidRequest(
      `there is no agent ${agentId.slice(0, 64)}; write one of ${agents.ids().slice(0, 20).join(", ")}`,
    );
  }

  #save(job: Job): void {
    const { store, clock } = this.#services;
    store.transaction(() => {
      this.#jobs.save(job);
      if (!job.enabled) this.#slots.drop(job.id, { at: clock.now(), why: "the job was switched off", cause: "retry" });
    });
    this.#tell("updated", job);
  }

  remove(id: string): { ok: true; removed: boolean } {
    const { store, clock, bus } = this.#services;
    const job = this.#jobs.get(id);
    const removed = store.transaction(() => {
      this.#slots.drop(id, { at: clock.now(), why: "the job was removed" });
      return this.#jobs.remove(id);
    });
    if (removed)
      bus.publish(changed, { jobId: id, action: "removed", ...defined({ job: job && this.views.shape(job, 4) }) });
    return { ok: true, removed };
  }

  /** Runs a job now; `due` only when its time has come. January's clients are answered when the run is over. */
  async run(id: string, mode: "due" | "force" | "if-enabled", protocol: Protocol) {
    const job = this.views.known(id, protocol);
    const now = this.#services.clock.now();
    if (mode === "due" && !(job.enabled && job.nextAt !== undefined && job.nextAt <= now))
      return { ok: true as const, ran: false, reason: "not-due" };
    if (mode === "if-enabled" && !job.enabled) return { ok: true as const, ran: false, reason: "disabled" };
    const slot = this.#slots.addByHand(job, now);
    if (!slot) throw new GatewayError("UNAVAILABLE", "the run could not be kept; try again");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(slot.id, resolve);
    await this.#scheduler.begin(slot);
    const { runId, state } = this.#slots.get(slot.id) ?? slot;
    if (protocol === 3 && state === "running") await promise;
    this.#waiting.delete(slot.id);
    if (protocol === 3) return { ok: true as const, ran: true };
    return { ok: true as const, enqueued: true, runId: runId ?? manualId(slot) };
  }

  #tell(action: "added" | "updated", job: Job): void {
    const nextRunAtMs = job.enabled ? job.nextAt : undefined;
    this.#services.bus.publish(changed, {
      ...{ jobId: job.id, action, job: this.views.shape(job, 4) },
      ...defined({ nextRunAtMs }),
    });
    this.#scheduler.look();
  }

  #tellRun(action: "started" | "finished", slot: Slot): void {
    const entry = this.views.entry(slot, 4);
    const { runAtMs, durationMs, status, error, summary, runId, deliveryStatus, nextRunAtMs, completionStatus } = entry;
    const isOver = action === "finished";
    const ended = isOver
      ? defined({ durationMs, status, completionStatus, error, summary, deliveryStatus, nextRunAtMs })
      : {};
    const job = this.#jobs.get(slot.jobId);
    const whole = job && { job: this.views.shape(job, 4) };
    this.#services.bus.publish(changed, {
      ...{ jobId: slot.jobId, action, ...defined({ runAtMs, runId }), ...ended },
      ...whole,
    });
    if (isOver) this.#waiting.get(slot.id)?.();
  }
}

interface Changing {
  readonly protocol: Protocol;
  readonly changedJob: typeof import("./jobs/job-config.ts").changedJob;
}

/** The answer to a declared job. */
export interface Declared {
  readonly created: boolean;
  readonly updated?: boolean;
  readonly job: CronJob;
}
