/** The rows of slots: each is inserted once, and says what became of it. */
import type { DueSlot, SlotOutcome } from "../../../base/schedule/due.ts";
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../base/store/store-upkeep.ts";
import type { Job } from "./jobs.ts";

export type SlotState = "waiting" | "running" | "ok" | "error" | "skipped";

/** Times are epoch ms. */
export interface Slot {
  readonly id: number;
  readonly jobId: string;
  readonly jobName: string;
  readonly slotAt: number;
  readonly outcome: SlotOutcome;
  readonly state: SlotState;
  readonly runId: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
  readonly summary: string | null;
  readonly delivery: string;
  readonly deliveryError: string | null;
}

/** How a run has ended. */
export interface SlotEnd {
  readonly at: number;
  readonly state: "ok" | "error";
  readonly error?: string | undefined;
  readonly summary?: string | undefined;
}

const COLUMNS =
  "id, job_id as jobId, job_name as jobName, slot_at as slotAt, outcome, state, run_id as runId, started_at as startedAt, " +
  "ended_at as endedAt, error, summary, delivery, delivery_error as deliveryError";

export class Slots {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Takes in a slot of the schedule; one that is known already stays as it is. */
  add({ id, config }: Job, { slot, outcome }: DueSlot): void {
    const runs = outcome === "fired" || outcome === "late";
    this.#store.run(
      `insert into cron_slots (job_id, job_name, slot_at, cause, outcome, state, ended_at, error, delivery)
       values (?, ?, ?, 'schedule', ?, ?, ?, ?, 'not-requested') on conflict (job_id, slot_at, cause) do nothing`,
      ...[id, config.name, slot, outcome, runs ? "waiting" : "skipped", runs ? null : slot, runs ? null : outcome],
    );
  }

  /** Takes in a run that a person asks for; it begins in the millisecond `at` or in the next free one. */
  addByHand({ id, config }: Job, at: number): Slot | undefined {
    const last = this.#store.get<{ at: number | null }>(
      "select max(slot_at) as at from cron_slots where job_id = ? and cause = 'person'",
      id,
    );
    const slotAt = Math.max(at, (last?.at ?? 0) + 1);
    const { lastInsertRowid } = this.#store.run(
      `insert into cron_slots (job_id, job_name, slot_at, cause, outcome, state, delivery)
       values (?, ?, ?, 'person', 'fired', 'waiting', 'not-requested')`,
      ...[id, config.name, slotAt],
    );
    return this.get(lastInsertRowid);
  }

  get(id: number): Slot | undefined {
    return this.#store.get<Slot>(`select ${COLUMNS} from cron_slots where id = ?`, id);
  }

  ofRun(runId: string): Slot | undefined {
    return this.#store.get<Slot>(`select ${COLUMNS} from cron_slots where run_id = ?`, runId);
  }

  waiting(limit: number): Slot[] {
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where state = 'waiting' order by id limit ?`,
      limit,
    );
  }

  /** How many runs are under way. */
  running(): number {
    return this.#store.get<{ n: number }>("select count(*) as n from cron_slots where state = 'running'")?.n ?? 0;
  }

  /** Whether a job has a run that waits or is under way. */
  isBusy(jobId: string): boolean {
    const sql = "select 1 from cron_slots where state in ('waiting', 'running') and job_id = ? limit 1";
    return this.#store.get(sql, jobId) !== undefined;
  }

  begin(
    id: number,
    runId: string,
    { at, delivery, problem }: { at: number; delivery: string; problem?: string },
  ): void {
    this.#store.run(
      "update cron_slots set state = 'running', run_id = ?, started_at = ?, delivery = ?, delivery_error = ? where id = ?",
      ...[runId, at, delivery, problem ?? null, id],
    );
  }

  deliver(id: number, delivery: string, problem?: string): void {
    this.#store.run(
      "update cron_slots set delivery = ?, delivery_error = ? where id = ?",
      delivery,
      problem ?? null,
      id,
    );
  }

  end(id: number, { at, state, error, summary }: SlotEnd): void {
    this.#store.run(
      `update cron_slots set state = ?, started_at = coalesce(started_at, ?), ended_at = ?, error = ?, summary = ?
       where id = ?`,
      ...[state, at, at, error ?? null, summary ?? null, id],
    );
  }

  /** What waits of a job that is removed is not run any more. */
  drop(jobId: string, at: number): void {
    this.#store.run(
      `update cron_slots set state = 'skipped', ended_at = ?, error = 'the job was removed'
       where job_id = ? and state = 'waiting'`,
      ...[at, jobId],
    );
  }

  /** The newest slot of a job that was run or is running. */
  lastRun(jobId: string): Slot | undefined {
    const sql = `select ${COLUMNS} from cron_slots where job_id = ? and state != 'waiting' and outcome in ('fired', 'late')
      order by id desc limit 1`;
    return this.#store.get<Slot>(sql, jobId);
  }

  /** What has ended, newest first; of all jobs when none is named. */
  ended({ jobId, limit, offset }: { jobId: string | undefined; limit: number; offset: number }): Slot[] {
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where state not in ('waiting', 'running') and (? is null or job_id = ?)
       order by id desc limit ? offset ?`,
      ...[jobId ?? null, jobId ?? null, limit, offset],
    );
  }

  count(jobId: string | undefined): number {
    const sql =
      "select count(*) as n from cron_slots where state not in ('waiting', 'running') and (? is null or job_id = ?)";
    return this.#store.get<{ n: number }>(sql, jobId ?? null, jobId ?? null)?.n ?? 0;
  }

  prune(before: number): boolean {
    const where = "slot_at < ? and state not in ('waiting', 'running')";
    return this.#store.deleteSome("cron_slots", where, [before], ROWS_PER_STEP);
  }
}
