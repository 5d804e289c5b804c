/** The rows of jobs. */
import type { Static } from "@sinclair/typebox";
import type { CatchUp } from "../../../../base/schedule/due.ts";
import type { Schedule } from "../../../../base/schedule/schedule.ts";
import { replaceInto } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { CronDelivery, CronFailureAlert, JobInput } from "../schema.ts";
import { type JobFilter, orderOf, whereOf } from "./filter.ts";

type Given = JobInput["payload"];

/** What a job does: the kinds of the wire, without the delivery that January keeps in it. */
export type Payload =
  | Exclude<Given, { kind: "agentTurn" }>
  | Omit<Extract<Given, { kind: "agentTurn" }>, "deliver" | "channel" | "to" | "bestEffortDeliver">;

export type Delivery = Static<typeof CronDelivery>;

/** A job as people have set it. */
export interface JobConfig {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  readonly agentId?: string | undefined;
  readonly sessionKey?: string | undefined;
  readonly deleteAfterRun?: boolean | undefined;
  readonly schedule: Schedule;
  readonly sessionTarget: string;
  readonly wakeMode: "now" | "next-heartbeat";
  readonly payload: Payload;
  readonly delivery: Delivery;
  readonly failureAlert?: false | Static<typeof CronFailureAlert> | undefined;
  readonly isolation?: JobInput["isolation"] | undefined;
  readonly catchUp: CatchUp;
  readonly graceMs: number;
}

/** What has become of a job's runs so far. Times are epoch ms. */
export interface JobState {
  /** How the last run ended. */
  readonly last?: "ok" | "error" | undefined;
  /** Slots before this time are not run: the job has just failed. */
  readonly restsUntil?: number | undefined;
  /** How many slots in a row were missed. */
  readonly skipped?: number | undefined;
  /** What people were last told of failures; absent when all is well again. */
  readonly alert?: { readonly cause: string; readonly at: number } | undefined;
  readonly autoDisabled?:
    | { readonly reason: string; readonly atMs: number; readonly consecutiveErrors: number }
    | undefined;
}

/** A job with its state. Times are epoch ms. */
export interface Job {
  readonly id: string;
  readonly config: JobConfig;
  readonly enabled: boolean;
  /** The slot that is waited for; undefined when none will come. */
  readonly nextAt: number | undefined;
  /** How many runs in a row have failed. */
  readonly errors: number;
  readonly state: JobState;
  readonly declarationKey: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface Row extends Omit<Job, "config" | "enabled" | "nextAt" | "state" | "declarationKey"> {
  readonly config: string;
  readonly enabled: number;
  readonly nextAt: number | null;
  readonly state: string;
  readonly declarationKey: string | null;
}

const COLUMNS =
  "id, config, enabled, next_at as nextAt, errors, state, declaration_key as declarationKey, created_at as createdAt, " +
  "updated_at as updatedAt";

export class Jobs {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(id: string): Job | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from cron_jobs where id = ?`, id);
    return row && jobOf(row);
  }

  declared(key: string): Job | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from cron_jobs where declaration_key = ?`, key);
    return row && jobOf(row);
  }

  /** A page of those that the filter lets through, in its order. */
  list(filter: JobFilter, { limit, offset }: { limit: number; offset: number }): Job[] {
    const { where, values } = whereOf(filter);
    const order = orderOf(filter);
    // Ids are put in order first: the rows are large.
    const ids = `select id from cron_jobs where ${where} order by ${order} limit ? offset ?`;
    const sql = `select ${COLUMNS} from cron_jobs where id in (${ids}) order by ${order}`;
    return this.#store.all<Row>(sql, ...values, limit, offset).map(jobOf);
  }

  count(filter: JobFilter): number {
    const { where, values } = whereOf(filter);
    const sql = `select count(*) as count from cron_jobs where ${where}`;
    return this.#store.get<{ count: number }>(sql, ...values)?.count ?? 0;
  }

  /** Changes whenever a job does. */
  revision(): string {
    const count = this.#store.get<{ n: number }>("select count(*) as n from cron_jobs")?.n ?? 0;
    const at = this.#store.get<{ at: number | null }>("select max(updated_at) as at from cron_jobs")?.at ?? 0;
    return `${count}-${at}`;
  }

  due(now: number, limit: number): Job[] {
    const sql = `select ${COLUMNS} from cron_jobs where enabled = 1 and next_at <= ? order by next_at limit ?`;
    return this.#store.all<Row>(sql, now, limit).map(jobOf);
  }

  nextAt(): number | undefined {
    const sql = "select min(next_at) as at from cron_jobs where enabled = 1";
    return this.#store.get<{ at: number | null }>(sql)?.at ?? undefined;
  }

  /** Jobs that were changed at a time that has not come yet: the clock was ahead then. */
  changedAfter(now: number): Job[] {
    return this.#store.all<Row>(`select ${COLUMNS} from cron_jobs where updated_at > ?`, now).map(jobOf);
  }

  save(job: Job): void {
    const { id, config, enabled, nextAt, errors, state, declarationKey, createdAt, updatedAt } = job;
    this.#store.run(
      ...replaceInto("cron_jobs", {
        ...{ id, enabled, errors },
        config: JSON.stringify(config),
        next_at: nextAt,
        state: JSON.stringify(state),
        declaration_key: declarationKey,
        created_at: createdAt,
        updated_at: updatedAt,
      }),
    );
  }

  wait(id: string, nextAt: number | undefined): void {
    this.#store.run("update cron_jobs set next_at = ? where id = ?", nextAt ?? null, id);
  }

  /** Notes what has become of a run: how many have failed in a row now, and whether the job goes on. */
  note(id: string, { errors, enabled, state }: Pick<Job, "errors" | "enabled" | "state">): void {
    this.#store.run(
      "update cron_jobs set errors = ?, enabled = ?, state = ? where id = ?",
      ...[errors, enabled ? 1 : 0, JSON.stringify(state), id],
    );
  }

  remove(id: string): boolean {
    return this.#store.run("delete from cron_jobs where id = ?", id).changes > 0;
  }
}

function jobOf({ config, enabled, nextAt, state, declarationKey, ...row }: Row): Job {
  return {
    ...row,
    config: stored<JobConfig>(config),
    enabled: enabled === 1,
    nextAt: nextAt ?? undefined,
    state: stored<JobState>(state),
    declarationKey: declarationKey ?? undefined,
  };
}
