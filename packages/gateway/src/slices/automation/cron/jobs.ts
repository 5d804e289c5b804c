/** The rows of jobs. */
import type { Static } from "@sinclair/typebox";
import type { CatchUp } from "../../../base/schedule/due.ts";
import type { Schedule } from "../../../base/schedule/schedule.ts";
import type { Store } from "../../../base/store/store.ts";
import { stored } from "../../../base/store/stored.ts";
import type { CronDelivery, JobInput } from "./schema.ts";

/** What a job does: the two kinds of the wire, without the delivery that January keeps in it. */
export type Payload =
  | { readonly kind: "systemEvent"; readonly text: string }
  | Omit<Extract<JobInput["payload"], { kind: "agentTurn" }>, "deliver" | "channel" | "to" | "bestEffortDeliver">;

/** A job as people have set it. */
export interface JobConfig {
  readonly name: string;
  readonly description?: string | undefined;
  readonly agentId?: string | undefined;
  readonly deleteAfterRun?: boolean | undefined;
  readonly schedule: Schedule;
  readonly sessionTarget: "main" | "isolated";
  readonly wakeMode: "now" | "next-heartbeat";
  readonly payload: Payload;
  readonly delivery: Static<typeof CronDelivery>;
  readonly isolation?: JobInput["isolation"] | undefined;
  readonly catchUp: CatchUp;
  readonly graceMs: number;
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
  readonly declarationKey: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface Row {
  readonly id: string;
  readonly config: string;
  readonly enabled: number;
  readonly nextAt: number | null;
  readonly errors: number;
  readonly declarationKey: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const COLUMNS =
  "id, config, enabled, next_at as nextAt, errors, declaration_key as declarationKey, created_at as createdAt, " +
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

  /** By the next slot; jobs that wait for none come last. */
  list({ disabled, limit, offset }: { disabled: boolean; limit: number; offset: number }): Job[] {
    const sql = `select ${COLUMNS} from cron_jobs where enabled >= ? order by next_at is null, next_at, id limit ? offset ?`;
    return this.#store.all<Row>(sql, disabled ? 0 : 1, limit, offset).map(jobOf);
  }

  count(disabled: boolean): number {
    const sql = "select count(*) as count from cron_jobs where enabled >= ?";
    return this.#store.get<{ count: number }>(sql, disabled ? 0 : 1)?.count ?? 0;
  }

  /** Changes whenever a job does. */
  revision(): string {
    const sql = "select count(*) || '-' || coalesce(max(updated_at), 0) as revision from cron_jobs";
    return this.#store.get<{ revision: string }>(sql)?.revision ?? "0-0";
  }

  due(now: number, limit: number): Job[] {
    const sql = `select ${COLUMNS} from cron_jobs where enabled = 1 and next_at <= ? order by next_at limit ?`;
    return this.#store.all<Row>(sql, now, limit).map(jobOf);
  }

  nextAt(): number | undefined {
    const sql = "select min(next_at) as at from cron_jobs where enabled = 1";
    return this.#store.get<{ at: number | null }>(sql)?.at ?? undefined;
  }

  save({ id, config, enabled, nextAt, errors, declarationKey, createdAt, updatedAt }: Job): void {
    this.#store.run(
      `insert or replace into cron_jobs (id, config, enabled, next_at, errors, declaration_key, created_at, updated_at)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, JSON.stringify(config), enabled ? 1 : 0, nextAt ?? null, errors, declarationKey ?? null],
      ...[createdAt, updatedAt],
    );
  }

  wait(id: string, nextAt: number | undefined): void {
    this.#store.run("update cron_jobs set next_at = ? where id = ?", nextAt ?? null, id);
  }

  /** Notes the end of a run: how many have failed in a row now, and whether the job goes on. */
  ended(id: string, { errors, enabled }: Pick<Job, "errors" | "enabled">): void {
    this.#store.run("update cron_jobs set errors = ?, enabled = ? where id = ?", errors, enabled ? 1 : 0, id);
  }

  remove(id: string): boolean {
    return this.#store.run("delete from cron_jobs where id = ?", id).changes > 0;
  }
}

function jobOf({ config, enabled, nextAt, declarationKey, ...row }: Row): Job {
  return {
    ...row,
    config: stored<JobConfig>(config),
    enabled: enabled === 1,
    nextAt: nextAt ?? undefined,
    declarationKey: declarationKey ?? undefined,
  };
}
