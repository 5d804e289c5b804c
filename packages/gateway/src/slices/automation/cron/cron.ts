/** The service of cron: jobs, when they are due, and what became of each time. */
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { Port } from "../../../kit/port.ts";
import type { RunOutcome, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { RunObserver } from "../../agent/agent/runs.ts";
import { changed } from "./events.ts";
import { type Job, Jobs } from "./jobs.ts";
import { Scheduler } from "./scheduler.ts";
import type { CronEntry, CronJob, JobInput } from "./schema.ts";
import type { CronServices } from "./services.ts";
import { type CronSettings, cron as section } from "./settings.ts";
import { type Slot, Slots } from "./slots.ts";
import { entryShape, jobShape, revisionOf } from "./wire.ts";
import type { Places } from "./work.ts";

type Protocol = 3 | 4;

const DAY_MS = 24 * 3_600_000;
/** More jobs than this are refused. */
const MAX_JOBS = 20_000;

export class Cron implements RunObserver, Disposable {
  /** Where the words of a job are said that belongs to a conversation. Filled by reminders. */
  readonly places = new Port<Places>({ placeOf: () => undefined });
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #jobs: Jobs;
  readonly #slots: Slots;
  readonly #scheduler: Scheduler;
  readonly #stack = new DisposableStack();

  constructor(services: CronServices) {
    this.#services = services;
    this.#settings = services.config.of(section);
    this.#jobs = new Jobs(services.store);
    this.#slots = new Slots(services.store);
    this.#scheduler = this.#stack.use(
      new Scheduler({
        ...{ services, settings: this.#settings, jobs: this.#jobs, slots: this.#slots, places: this.places },
        changed: (action, slot) => this.#tellRun(action, slot),
      }),
    );
    services.agent.runs.observers.add(this);
  }

  start(): void {
    const { clock, upkeep } = this.#services;
    upkeep.add(() => this.#slots.prune(clock.olderThan(this.#settings.current.keepDays * DAY_MS)));
    this.#stack.use(this.#settings.onChange(() => this.#scheduler.look()));
    this.#scheduler.look();
  }

  stop(): void {
    this.#scheduler[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  ended(record: RunRecord, outcome: RunOutcome): void {
    if (record.source === "cron") this.#scheduler.ended(record, outcome);
  }

  status() {
    const { enabled } = this.#settings.current;
    return {
      ...{ enabled, storePath: "state.db", storage: "sqlite", jobs: this.#jobs.count(true) },
      nextWakeAtMs: (enabled ? this.#jobs.nextAt() : undefined) ?? null,
    };
  }

  /** A page of the jobs by their next slot. */
  list(wanted: { disabled: boolean; limit: number; offset: number; protocol: Protocol }) {
    const { disabled, limit, offset, protocol } = wanted;
    const jobs = this.#jobs.list(wanted).map((job) => this.#shape(job, protocol));
    const total = this.#jobs.count(disabled);
    const hasMore = offset + jobs.length < total;
    const page = { total, offset, limit, hasMore, nextOffset: hasMore ? offset + jobs.length : null };
    return { jobs, snapshotRevision: this.#jobs.revision(), ...page };
  }

  get(id: string, protocol: Protocol): CronJob {
    return this.#shape(this.#known(id, protocol), protocol);
  }

  /** A job as it is kept. */
  find(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Adds a job. With a key, a job that was declared with it is changed into this one. */
  async add(input: JobInput, declarationKey: string | undefined, protocol: Protocol): Promise<CronJob | Declared> {
    const { clock, store } = this.#services;
    const { firstSlot, jobConfigOf } = await import("./input.ts");
    const known = declarationKey === undefined ? undefined : this.#jobs.declared(declarationKey);
    if (known) return await this.#converge(known, input, protocol);
    const now = clock.now();
    const reading = { now, tz: this.#services.workspace.timeZone, protocol };
    const config = jobConfigOf(input, reading);
    const job: Job = {
      ...{ id: newId(), config, enabled: input.enabled ?? true, nextAt: firstSlot(config.schedule, reading) },
      ...{ errors: 0, declarationKey, createdAt: now, updatedAt: now },
    };
    store.transaction(() => {
      if (this.#jobs.count(true) >= MAX_JOBS) throw invalidRequest(`there are ${MAX_JOBS} jobs already; remove some`);
      this.#jobs.save(job);
    });
    this.#tell("added", job);
    const shape = this.#shape(job, protocol);
    return declarationKey === undefined ? shape : { created: true, job: shape };
  }

  async #converge(known: Job, input: JobInput, protocol: Protocol): Promise<Declared> {
    const job = await this.#changedJob(known, input, protocol);
    const updated = revisionOf(job) !== revisionOf(known);
    if (updated) this.#save(job);
    return { created: false, updated, job: this.#shape(updated ? job : known, protocol) };
  }

  /** Changes what `patch` names. Throws when the job is not the one of `expected`. */
  async update(id: string, patch: Partial<JobInput>, options: { expected?: string; protocol: Protocol }) {
    const { expected, protocol } = options;
    const before = this.#known(id, protocol);
    const actual = revisionOf(before);
    if (expected !== undefined && expected !== actual) {
      const details = { code: "CRON_JOB_CHANGED", expectedConfigRevision: expected, actualConfigRevision: actual };
      throw invalidRequest("the job was changed meanwhile; read it again", details);
    }
    const { config, enabled } = before;
    const { agentId, ...whole } = config;
    const input: JobInput = { ...defined(whole), ...defined({ agentId }), enabled, ...patch };
    const job = await this.#changedJob(before, input, protocol);
    this.#save(job);
    return this.#shape(job, protocol);
  }

  /** A changed job keeps its grid unless its schedule changes. */
  async #changedJob(before: Job, input: JobInput, protocol: Protocol): Promise<Job> {
    const { firstSlot, jobConfigOf } = await import("./input.ts");
    const now = this.#services.clock.now();
    const old = before.config.schedule;
    const given = input.schedule;
    const anchored = given.kind === "every" && old.kind === "every" && given.everyMs === old.everyMs;
    const schedule = anchored ? { ...given, anchorMs: given.anchorMs ?? old.anchorMs } : given;
    const reading = { now, tz: this.#services.workspace.timeZone, protocol };
    const config = jobConfigOf({ ...input, schedule }, reading);
    const enabled = input.enabled ?? before.enabled;
    const isSame = JSON.stringify(config.schedule) === JSON.stringify(old) && enabled === before.enabled;
    const errors = enabled && !before.enabled ? 0 : before.errors;
    const nextAt = isSame
      ? before.nextAt
      : firstSlot(config.schedule, { ...reading, protocol: enabled ? protocol : 3 });
    return { ...before, config, enabled, errors, nextAt, updatedAt: Math.max(now, before.updatedAt + 1) };
  }

  #save(job: Job): void {
    this.#jobs.save(job);
    this.#tell("updated", job);
  }

  remove(id: string): { ok: true; removed: boolean } {
    const removed = this.#services.store.transaction(() => {
      this.#slots.drop(id, this.#services.clock.now());
      return this.#jobs.remove(id);
    });
    if (removed) this.#services.bus.publish(changed, { jobId: id, action: "removed" });
    return { ok: true, removed };
  }

  /** Runs a job now; `due` only when its time has come. January's clients are answered when the run is over. */
  async run(id: string, mode: "due" | "force", protocol: Protocol) {
    const job = this.#known(id, protocol);
    const now = this.#services.clock.now();
    if (mode === "due" && !(job.enabled && job.nextAt !== undefined && job.nextAt <= now))
      return { ok: true as const, ran: false, reason: "not-due" };
    const slot = this.#slots.addByHand(job, now);
    if (!slot) throw new GatewayError("UNAVAILABLE", "the run could not be kept; try again");
    await this.#scheduler.begin(slot, true);
    const { runId } = this.#slots.get(slot.id) ?? slot;
    if (protocol === 4)
      return { ok: true as const, enqueued: true, runId: runId ?? `manual:${id}:${slot.slotAt}:${slot.id}` };
    const known = runId === null ? undefined : this.#services.agent.runs.known(runId);
    if (known?.kind === "open") await known.run.finished;
    return { ok: true as const, ran: true };
  }

  /** What has ended. January's clients read the oldest first. */
  runs(wanted: { jobId: string | undefined; limit: number; offset: number; protocol: Protocol }) {
    const { jobId, limit, offset, protocol } = wanted;
    const newest = this.#slots.ended(wanted).map((slot) => this.#entry(slot, protocol));
    if (protocol === 3) return { entries: newest.toReversed() };
    const total = this.#slots.count(jobId);
    const hasMore = offset + newest.length < total;
    return { entries: newest, total, offset, limit, hasMore, nextOffset: hasMore ? offset + newest.length : null };
  }

  #entry(slot: Slot, protocol: Protocol): CronEntry {
    const nextRunAtMs = this.#jobs.get(slot.jobId)?.nextAt;
    return { ...entryShape(slot, protocol), ...defined({ nextRunAtMs }) };
  }

  #shape(job: Job, protocol: Protocol): CronJob {
    const shape = jobShape(job, this.#slots.lastRun(job.id), protocol);
    if (protocol === 3) return shape;
    return { ...shape, effectiveAgentId: job.config.agentId ?? this.#services.agents.defaultId };
  }

  #known(id: string, protocol: Protocol): Job {
    const job = this.#jobs.get(id);
    if (job) return job;
    if (protocol === 3) throw new GatewayError("UNAVAILABLE", `Error: unknown cron job id: ${id}`);
    throw invalidRequest(`unknown cron job id: ${id}`, { code: "CRON_JOB_NOT_FOUND", jobId: id });
  }

  #tell(action: "added" | "updated", { id, enabled, nextAt }: Job): void {
    const nextRunAtMs = enabled ? nextAt : undefined;
    this.#services.bus.publish(changed, { jobId: id, action, ...defined({ nextRunAtMs }) });
    this.#scheduler.look();
  }

  #tellRun(action: "started" | "finished", slot: Slot): void {
    const { runAtMs, durationMs, status, error, summary, runId, deliveryStatus, nextRunAtMs } = this.#entry(slot, 4);
    const ended =
      action === "finished" ? defined({ durationMs, status, error, summary, deliveryStatus, nextRunAtMs }) : {};
    this.#services.bus.publish(changed, { jobId: slot.jobId, action, ...defined({ runAtMs, runId }), ...ended });
  }
}

/** The answer to a declared job. */
export interface Declared {
  readonly created: boolean;
  readonly updated?: boolean;
  readonly job: CronJob;
}
