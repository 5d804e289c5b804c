/** The rows of slots: each is inserted once, and says what became of it. */
import type { DueSlot, SlotOutcome } from "../../../../base/schedule/due.ts";
import { insertInto, named } from "../../../../base/store/statement.ts";
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

/** A slot that is run once it may begin. */
const FIRED = { outcome: "fired", state: "waiting", delivery: "not-requested" } as const;
const KNOWN_STAYS = "on conflict (job_id, slot_at, cause) do nothing";
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
      ...insertInto(
        "cron_slots",
        {
          job_id: id,
          job_name: config.name,
          slot_at: slot,
          begins_at: slot,
          cause: "schedule",
          work: workOf(config.payload),
          outcome,
          ...(runs ? { state: "waiting" } : { state: "skipped", ended_at: slot, error: why ?? outcome }),
          delivery: "not-requested",
        },
        KNOWN_STAYS,
      ),
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
      ...insertInto("cron_slots", {
        job_id: id,
        job_name: config.name,
        slot_at: slotAt,
        begins_at: at,
        cause: "person",
        work: workOf(config.payload),
        ...FIRED,
      }),
    );
    return this.get(lastInsertRowid);
  }

  /** Takes in another try of a slot that has failed, for later. */
  addRetry({ jobId, jobName, work, attempt }: Slot, at: number): void {
    this.#store.run(
      ...insertInto(
        "cron_slots",
        {
          job_id: jobId,
          job_name: jobName,
          slot_at: at,
          begins_at: at,
          cause: "retry",
          attempt: attempt + 1,
          work,
          ...FIRED,
        },
        KNOWN_STAYS,
      ),
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

  /** Turns of agents that were under way when the gateway ended. */
  runningRuns(): Slot[] {
    return this.#store.all<Slot>(
      `select ${COLUMNS} from cron_slots where state = 'running' and work = 'run' order by id`,
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
      ...named(
        `update cron_slots set state = 'running', run_id = :runId, started_at = :at, delivery = :delivery,
           delivery_error = :problem where id = :id`,
        { id, runId, at, delivery, problem },
      ),
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
      ...named(
        `update cron_slots set state = :state, started_at = coalesce(started_at, :at), ended_at = :at, error = :error,
           summary = :summary where id = :id`,
        { id, at, state, error, summary },
      ),
    );
  }

  /** What waits of a job is not run any more. */
  drop(jobId: string, { at, why, cause }: { at: number; why: string; cause?: "retry" }): void {
    this.#store.run(
      ...named(
        `update cron_slots set state = 'skipped', ended_at = :at, error = :why
         where job_id = :jobId and state = 'waiting' and (:cause is null or cause = :cause)`,
        { jobId, at, why, cause },
      ),
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
