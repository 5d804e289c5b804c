/** The rows of slots: each is inserted once, and says what became of it. */
import type { DueSlot, SlotOutcome } from "../../../../base/schedule/due.ts";
import type { Store } from "../../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../../base/store/store-upkeep.ts";
import type { Job } from "../jobs/jobs.ts";
import { type EndedFilter, whereEnded } from "./ended-filter.ts";

/** What a slot asks for: words alone, work of an agent, or a program. */
export type Work = "tell" | "run" | "program";

export type SlotState = "waiting" | "running" | "ok" | "error" | "skipped";

/** Times are epoch ms. */
export interface Slot {
  readonly id: number;
  readonly jobId: string;
  readonly jobName: string;
  readonly slotAt: number;
  /** When it may begin: its own time, for a retry later. */
  readonly beginsAt: number;
  readonly cause: "schedule" | "person" | "retry";
  /** How often the slot was tried before. */
  readonly attempt: number;
  readonly work: Work;
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
  "id, job_id as jobId, job_name as jobName, slot_at as slotAt, begins_at as beginsAt, cause, attempt, work, outcome, state, run_id as runId, started_at as startedAt, " +
  "ended_at as endedAt, error, summary, delivery, delivery_error as deliveryError";

/** A job that has had so many more slots is looked at for surplus ones. */
const MANY = 100;

export class Slots {
  readonly #store: Store;
  /** How many slots each job has had since it was last looked at for surplus ones. */
  readonly #added = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Takes in a slot of the schedule; one that is known already stays as it is. Returns whether it is new. */
  add({ id, config }: Job, { slot, outcome }: DueSlot, why: string | undefined): boolean {
    this.#added.set(id, (this.#added.get(id) ?? 0) + 1);
    const runs = outcome === "fired" || outcome === "late";
    const { changes } = this.#store.run(
      `insert into cron_slots (job_id, job_name, slot_at, begins_at, cause, work, outcome, state, ended_at, error, delivery)
       values (?, ?, ?, ?, 'schedule', ?, ?, ?, ?, ?, 'not-requested') on conflict (job_id, slot_at, cause) do nothing`,
      ...[id, config.name, slot, slot, workOf(config.payload), outcome, runs ? "waiting" : "skipped"],
      ...[runs ? null : slot, runs ? null : (why ?? outcome)],
    );
    return changes > 0;
  }

  /** Takes in a run that a person asks for; it begins in the millisecond `at` or in the next free one. */
  addByHand({ id, config }: Job, at: number): Slot | undefined {
    const last = this.#store.get<{ at: number | null }>(
      "select max(slot_at) as at from cron_slots where job_id = ? and cause = 'person'",
      id,
    );
    const slotAt = Math.max(at, (last?.at ?? 0) + 1);
    const { lastInsertRowid } = this.#store.run(
      `insert into cron_slots (job_id, job_name, slot_at, begins_at, cause, work, outcome, state, delivery)
       values (?, ?, ?, ?, 'person', ?, 'fired', 'waiting', 'not-requested')`,
      ...[id, config.name, slotAt, at, workOf(config.payload)],
    );
    return this.get(lastInsertRowid);
  }

  /** Takes in another try of a slot that has failed, for later. */
  addRetry({ jobId, jobName, work, attempt }: Slot, at: number): void {
    this.#store.run(
      `insert into cron_slots (job_id, job_name, slot_at, begins_at, cause, attempt, work, outcome, state, delivery)
       values (?, ?, ?, ?, 'retry', ?, ?, 'fired', 'waiting', 'not-requested') on conflict (job_id, slot_at, cause) do nothing`,
      ...[jobId, jobName, at, at, attempt + 1, work],
    );
  }

  get(id: number): Slot | undefined {
    return this.#store.get<Slot>(`select ${COLUMNS} from cron_slots where id = ?`, id);
  }

  ofRun(runId: string): Slot | undefined {
    return this.#store.get<Slot>(`select ${COLUMNS} from cron_slots where run_id = ?`, runId);
  }

  /** What waits and may begin, the longest waiting first: words at any time, work only so many at once. */
  waiting(now: number, work: "tell" | "others", limit: number): Slot[] {
    const kinds = work === "tell" ? "work = 'tell'" : "work <> 'tell'";
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where state = 'waiting' and begins_at <= ? and ${kinds}
       order by begins_at, id limit ?`,
      ...[now, limit],
    );
  }

  /** When the next retry may begin. */
  nextRetryAt(now: number): number | undefined {
    const sql = "select min(begins_at) as at from cron_slots where state = 'waiting' and begins_at > ?";
    return this.#store.get<{ at: number | null }>(sql, now)?.at ?? undefined;
  }

  /** When a job's slot that failed is tried again. */
  retryAt(jobId: string): number | undefined {
    const sql =
      "select begins_at as at from cron_slots indexed by cron_slots_busy where state = 'waiting' and state in ('waiting', 'running') and job_id = ? and cause = 'retry'";
    return this.#store.get<{ at: number }>(sql, jobId)?.at;
  }

  /** How many runs are under way. */
  running(): number {
    return this.#store.get<{ n: number }>("select count(*) as n from cron_slots where state = 'running'")?.n ?? 0;
  }

  /** How often an agent has begun to work since a time. */
  runsSince(at: number): number {
    const sql = "select count(*) as n from cron_slots where slot_at > ? and work = 'run' and started_at is not null";
    return this.#store.get<{ n: number }>(sql, at)?.n ?? 0;
  }

  /** Programs that were under way when the gateway ended. */
  runningPrograms(): Slot[] {
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where state = 'running' and work = 'program' order by id`,
    );
  }

  /** Whether a job has a run that waits or is under way. */
  isBusy(jobId: string): boolean {
    const sql =
      "select 1 from cron_slots indexed by cron_slots_busy where state in ('waiting', 'running') and job_id = ? limit 1";
    return this.#store.get(sql, jobId) !== undefined;
  }

  /**
   * Forgets slots of a time that has not come, which the clock had shown wrongly: what was not run then is due again. Returns
   * the jobs that had any. What was run stays, so that it is not run twice.
   */
  takeBack(now: number): string[] {
    const jobs = this.#store.all<{ id: string }>(
      "select distinct job_id as id from cron_slots indexed by cron_slots_by_time where slot_at > ? and cause = 'schedule'",
      now,
    );
    this.#store.run(
      "delete from cron_slots where slot_at > ? and cause = 'schedule' and outcome in ('missed', 'coalesced')",
      now,
    );
    // A retry that was planned by the wrong clock begins now.
    this.#store.run(
      "update cron_slots set begins_at = ? where state = 'waiting' and begins_at > ? + 3600000",
      now,
      now,
    );
    return jobs.map(({ id }) => id);
  }

  /** A program has begun; nobody can tell after a kill whether it is over. */
  beginProgram(id: number, at: number): void {
    this.#store.run("update cron_slots set state = 'running', started_at = ? where id = ?", at, id);
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

  /** What waits of a job is not run any more. */
  drop(jobId: string, { at, why, cause }: { at: number; why: string; cause?: "retry" }): void {
    this.#store.run(
      `update cron_slots set state = 'skipped', ended_at = ?, error = ?
       where job_id = ? and state = 'waiting' and (? is null or cause = ?)`,
      ...[at, why, jobId, cause ?? null, cause ?? null],
    );
  }

  /** The newest slot of a job that was run or is running. */
  lastRun(jobId: string): Slot | undefined {
    const sql = `select ${COLUMNS} from cron_slots where job_id = ? and state != 'waiting' and outcome in ('fired', 'late')
      order by id desc limit 1`;
    return this.#store.get<Slot>(sql, jobId);
  }

  /** What has ended, newest first by default. */
  ended(filter: EndedFilter, { limit, offset }: { limit: number; offset: number }): Slot[] {
    const { where, values } = whereEnded(filter);
    const way = filter.oldestFirst ? "asc" : "desc";
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where ${where} order by id ${way} limit ? offset ?`,
      ...[...values, limit, offset],
    );
  }

  count(filter: EndedFilter): number {
    const { where, values } = whereEnded(filter);
    return this.#store.get<{ n: number }>(`select count(*) as n from cron_slots where ${where}`, ...values)?.n ?? 0;
  }

  /** Forgets the oldest ends of jobs that have more than `most`, some at a time. Returns true when more is left. */
  pruneSurplus(most: number): boolean {
    const [jobId] = [...this.#added].find(([, count]) => count >= MANY) ?? [];
    if (jobId === undefined) return false;
    const oldest = "(select id from cron_slots where job_id = ? order by id desc limit 1 offset ?)";
    const where = `job_id = ? and id <= ${oldest} and state not in ('waiting', 'running')`;
    if (!this.#store.deleteSome("cron_slots", where, [jobId, jobId, most], ROWS_PER_STEP)) this.#added.delete(jobId);
    return true;
  }

  prune(before: number): boolean {
    const where = "slot_at < ? and state not in ('waiting', 'running')";
    return this.#store.deleteSome("cron_slots", where, [before], ROWS_PER_STEP);
  }
}

function workOf({ kind }: Job["config"]["payload"]): Work {
  return kind === "systemEvent" ? "tell" : kind === "agentTurn" ? "run" : "program";
}
