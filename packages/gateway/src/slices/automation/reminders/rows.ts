/** The rows of reminders. */
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { stored } from "../../../base/store/stored.ts";
import type { DeliverTo } from "../../agent/agent/run/run-store.ts";

export interface Reminder {
  /** What people call it. */
  readonly id: number;
  /** Names the request: the same request again finds the same reminder. */
  readonly key: string;
  /** The job that says it; undefined until the job is there. */
  readonly jobId: string | undefined;
  /** Who asked for it. */
  readonly principal: string;
  /** Canonical: the conversation in which it was asked for. */
  readonly sessionKey: string;
  /** The place on a channel where it is said; the conversation alone when there is none. */
  readonly route: DeliverTo | undefined;
  readonly text: string;
  /** The zone in which its times are told. */
  readonly tz: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

interface Row extends Omit<Reminder, "jobId" | "route"> {
  readonly jobId: string | null;
  readonly route: string | null;
}

const COLUMNS =
  "id, key, job_id as jobId, principal, session_key as sessionKey, route, text, tz, created_at as createdAt";
/** How many are listed. */
const MAX_LISTED = 1_000;

export class ReminderRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds a reminder; returns the one of its key when it is there already. */
  add({ key, principal, sessionKey, route, text, tz, createdAt }: Omit<Reminder, "id" | "jobId">): Reminder {
    this.#store.run(
      ...insertInto(
        "reminders",
        {
          ...{ key, principal, text, tz },
          session_key: sessionKey,
          route: route && JSON.stringify(route),
          created_at: createdAt,
        },
        "on conflict (key) do nothing",
      ),
    );
    return this.ofKey(key)!;
  }

  ofKey(key: string): Reminder | undefined {
    return this.#one("key = ?", key);
  }

  ofJob(jobId: string): Reminder | undefined {
    return this.#one("job_id = ?", jobId);
  }

  get(id: number): Reminder | undefined {
    return this.#one("id = ?", id);
  }

  /** The oldest first. */
  all(): Reminder[] {
    return this.#store.all<Row>(`select ${COLUMNS} from reminders order by id limit ?`, MAX_LISTED).map(reminderOf);
  }

  countOf(principal: string): number {
    const sql = "select count(*) as n from reminders where principal = ?";
    return this.#store.get<{ n: number }>(sql, principal)?.n ?? 0;
  }

  setJob(id: number, jobId: string): void {
    this.#store.run("update reminders set job_id = ? where id = ?", jobId, id);
  }

  remove(id: number): void {
    this.#store.run("delete from reminders where id = ?", id);
  }

  #one(condition: string, value: string | number): Reminder | undefined {
    const row = this.#store.get<Row>(`select ${COLUMNS} from reminders where ${condition}`, value);
    return row && reminderOf(row);
  }
}

function reminderOf({ jobId, route, ...row }: Row): Reminder {
  return { ...row, jobId: jobId ?? undefined, route: route === null ? undefined : stored<DeliverTo>(route) };
}
