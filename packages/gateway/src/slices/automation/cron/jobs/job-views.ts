/** Jobs and what became of their times, as clients of each generation read them. */
import type { Settings } from "../../../../base/config/config.ts";
import { defined } from "../../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import type { Deliveries } from "../delivery/deliveries.ts";
import type { EndedFilter } from "../runs/ended-filter.ts";
import type { Slot, Slots } from "../runs/slots.ts";
import type { CronEntry, CronJob } from "../schema.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";
import type { JobFilter } from "./filter.ts";
import type { Job, Jobs } from "./jobs.ts";
import { entryShape, jobShape } from "./wire.ts";

/** The form in which a client reads: that of January, or the present one. */
export type Protocol = 3 | 4;

/** What is read. */
interface Parts {
  readonly agents: CronServices["agents"];
  readonly settings: Settings<CronSettings>;
  readonly jobs: Jobs;
  readonly slots: Slots;
  readonly deliveries: Deliveries;
}

export class JobViews {
  readonly #agents: CronServices["agents"];
  readonly #settings: Settings<CronSettings>;
  readonly #jobs: Jobs;
  readonly #slots: Slots;
  readonly #deliveries: Deliveries;

  constructor({ agents, settings, jobs, slots, deliveries }: Parts) {
    this.#agents = agents;
    this.#settings = settings;
    this.#jobs = jobs;
    this.#slots = slots;
    this.#deliveries = deliveries;
  }

  /** Whether jobs run, and when the next one is due. */
  status() {
    const { enabled } = this.#settings.current;
    return {
      ...{ enabled, storePath: "state.db", storage: "sqlite", jobs: this.#jobs.count({ enabled: "all" }) },
      nextWakeAtMs: (enabled ? this.#jobs.nextAt() : undefined) ?? null,
    };
  }

  /** A page of the jobs; the one whose next slot is nearest comes first by default. */
  list(
    wanted: { disabled: boolean; limit: number; offset: number; protocol: Protocol } & Partial<
      Omit<JobFilter, "enabled">
    > & {
        enabled?: JobFilter["enabled"] | undefined;
      },
  ) {
    const { disabled, limit, offset, protocol, enabled = disabled ? "all" : "enabled", ...others } = wanted;
    const filter = { ...others, enabled, defaultAgentId: this.#agents.defaultId };
    const jobs = this.#jobs.list(filter, { limit, offset }).map((job) => this.shape(job, protocol));
    const total = this.#jobs.count(filter);
    const hasMore = offset + jobs.length < total;
    const page = { total, offset, limit, hasMore, nextOffset: hasMore ? offset + jobs.length : null };
    const previews = jobs.flatMap(({ id, deliveryPreview }) =>
      deliveryPreview ? [[id, deliveryPreview] as const] : [],
    );
    const more = protocol === 3 ? {} : { deliveryPreviews: Object.fromEntries(previews) };
    return { jobs, snapshotRevision: this.#jobs.revision(), ...page, ...more };
  }

  get(id: string, protocol: Protocol): CronJob {
    return this.shape(this.known(id, protocol), protocol);
  }

  /** What has ended. January's clients read the newest, oldest first. */
  runs(
    wanted: { jobId: string | undefined; limit: number; offset: number; protocol: Protocol } & Omit<
      EndedFilter,
      "jobId"
    >,
  ) {
    const { limit, offset, protocol, ...filter } = wanted;
    const entries = this.#slots.ended(filter, { limit, offset }).map((slot) => this.entry(slot, protocol));
    if (protocol === 3) return { entries: entries.toReversed() };
    const total = this.#slots.count(filter);
    const hasMore = offset + entries.length < total;
    return { entries, total, offset, limit, hasMore, nextOffset: hasMore ? offset + entries.length : null };
  }

  /** What became of a time of a job. */
  entry(slot: Slot, protocol: Protocol): CronEntry {
    const job = this.#jobs.get(slot.jobId);
    const nextRunAtMs = job?.enabled ? job.nextAt : undefined;
    return { ...entryShape(slot, this.#deliveries.of(slot), protocol), ...defined({ nextRunAtMs }) };
  }

  /** A job with what became of its newest time. */
  shape(job: Job, protocol: Protocol): CronJob {
    const last = this.#slots.lastRun(job.id);
    if (protocol === 3) return jobShape(job, { last }, protocol);
    const seen = { last, retryAt: this.#slots.retryAt(job.id), ...(last && { delivery: this.#deliveries.of(last) }) };
    const effectiveAgentId = job.config.agentId ?? this.#agents.defaultId;
    return { ...jobShape(job, seen, protocol), effectiveAgentId };
  }

  /** Says of a job that will never fire that it will not; January's clients take such jobs and read no notes. */
  noted({ nextAt, enabled }: Job, shape: CronJob, protocol: Protocol): CronJob {
    if (protocol === 3 || !enabled || nextAt !== undefined) return shape;
    return { ...shape, note: "It never fires: no time matches its schedule." };
  }

  /** A job as it is kept. Throws when there is none. */
  known(id: string, protocol: Protocol): Job {
    const job = this.#jobs.get(id);
    if (job) return job;
    if (protocol === 3) throw new GatewayError("UNAVAILABLE", `Error: unknown cron job id: ${id}`);
    throw invalidRequest(`unknown cron job id: ${id}`, { code: "CRON_JOB_NOT_FOUND", jobId: id });
  }
}
