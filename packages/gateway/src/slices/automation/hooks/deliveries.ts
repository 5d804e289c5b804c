/** The rows of deliveries: what came, the first answer that a retry gets, and what became of the run. */
import type { Static } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../base/store/store-upkeep.ts";
import { stored } from "../../../base/store/stored.ts";
import type { SteadyClock } from "../../../base/time/steady-clock.ts";
import type { WakeMode } from "./actions/action.ts";
import type { DeliveryShape } from "./schema.ts";

/** What the sender is answered. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A delivery as it is stored. */
export interface NewDelivery extends Answer {
  /** "wake", "agent", or the name of a mapping. */
  readonly hook: string;
  /** The address that it came from. */
  readonly source: string;
  readonly outcome: Static<typeof DeliveryShape>["outcome"];
  readonly reason?: string | undefined;
  readonly eventId?: string | undefined;
  readonly bytes: number;
  /** By which a retry is known. */
  readonly keys?: readonly string[];
  /** The run that it has caused, and what is told of it when it has ended. */
  readonly run?: {
    readonly id: string;
    readonly name: string;
    readonly wakeMode: WakeMode;
    readonly agentId: string;
    readonly sessionKey: string;
  };
}

/** The run of a delivery, for whoever tells of its end. */
export interface DeliveredRun {
  readonly name: string;
  readonly wakeMode: WakeMode;
  readonly agentId: string;
}

interface Row {
  readonly id: number;
  readonly at: number;
  readonly hook: string;
  readonly source: string;
  readonly outcome: NewDelivery["outcome"];
  readonly status: number;
  readonly bytes: number;
  readonly repeats: number;
  readonly reason: string | null;
  readonly eventId: string | null;
  readonly runId: string | null;
  readonly sessionKey: string | null;
  readonly runEnd: Static<typeof DeliveryShape>["runEnd"] | null;
  readonly runProblem: string | null;
}

const COLUMNS =
  "id, at, hook, source, outcome, status, bytes, repeats, reason, event_id as eventId, run_id as runId, " +
  "session_key as sessionKey, run_end as runEnd, run_problem as runProblem";
/** How many refused deliveries are kept: strangers can cause them. */
const MAX_REFUSED = 500;
const DAY_MS = 24 * 3_600_000;

export class Deliveries {
  readonly #store: Store;
  readonly #clock: SteadyClock;

  constructor({ store, clock }: { store: Store; clock: SteadyClock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The first answer to a delivery that one of these keys names; the repetition is counted. */
  repeat(keys: readonly string[]): Answer | undefined {
    const first = keys.flatMap((key) => this.#byKey(key) ?? [])[0];
    if (!first) return undefined;
    this.#store.run("update hook_deliveries set repeats = repeats + 1 where id = ?", first.id);
    return { status: first.status, body: stored<Answer["body"]>(first.answer) };
  }

  #byKey(key: string) {
    return this.#store.get<{ id: number; status: number; answer: string }>(
      "select id, status, answer from hook_deliveries where id = (select delivery from hook_keys where key = ?)",
      key,
    );
  }

  /** Stores a delivery with its keys. */
  add({ hook, source, outcome, status, body, reason, eventId, bytes, keys = [], run }: NewDelivery): void {
    this.#store.transaction(() => {
      const { lastInsertRowid: id } = this.#store.run(
        ...insertInto("hook_deliveries", {
          at: this.#clock.now(),
          ...{ hook, source, outcome, status, reason, bytes },
          answer: JSON.stringify(body),
          event_id: eventId,
          name: run?.name,
          wake_mode: run?.wakeMode,
          agent_id: run?.agentId,
          session_key: run?.sessionKey,
          run_id: run?.id,
        }),
      );
      for (const key of keys) this.#store.run("insert or ignore into hook_keys values (?, ?)", key, id);
      if (outcome === "refused") this.#dropRefused();
    });
  }

  #dropRefused(): void {
    this.#store.run(
      `delete from hook_deliveries where id in (select id from hook_deliveries where outcome = 'refused'
         order by id desc limit -1 offset ${MAX_REFUSED})`,
    );
  }

  /** Notes how a run has ended; returns its delivery, or undefined when no delivery has caused it. */
  ended(runId: string, end: NonNullable<Row["runEnd"]>, problem: string | undefined): DeliveredRun | undefined {
    this.#store.run(
      "update hook_deliveries set run_end = ?, run_problem = ? where run_id = ?",
      ...[end, problem ?? null, runId],
    );
    return this.#store.get<DeliveredRun>(
      "select name, wake_mode as wakeMode, agent_id as agentId from hook_deliveries where run_id = ?",
      runId,
    );
  }

  /** The newest deliveries first; with `after`, those that came later, oldest first. */
  list({ limit, after, hook }: { limit: number; after?: number; hook?: string }): Static<typeof DeliveryShape>[] {
    const order = after === undefined ? "desc" : "asc";
    return this.#store
      .all<Row>(
        `select ${COLUMNS} from hook_deliveries where id > ?1 and (?2 is null or hook = ?2) order by id ${order} limit ?3`,
        ...[after ?? 0, hook ?? null, limit],
      )
      .map(shapeOf);
  }

  /** When each hook was last called, epoch ms. */
  lastOf(hook: string): number | undefined {
    const sql = "select max(at) as at from hook_deliveries where hook = ? and outcome != 'refused'";
    return this.#store.get<{ at: number | null }>(sql, hook)?.at ?? undefined;
  }

  /** Deletes some deliveries that are older than so many days; true when more are left. */
  prune(keepDays: number): boolean {
    const before = this.#clock.olderThan(keepDays * DAY_MS);
    return this.#store.deleteSome("hook_deliveries", "at < ?", [before], ROWS_PER_STEP);
  }
}

function shapeOf({
  reason,
  eventId,
  runId,
  sessionKey,
  runEnd,
  runProblem,
  ...row
}: Row): Static<typeof DeliveryShape> {
  return {
    ...row,
    ...defined({
      reason: reason ?? undefined,
      eventId: eventId ?? undefined,
      runId: runId ?? undefined,
      sessionKey: sessionKey ?? undefined,
      runEnd: runEnd ?? undefined,
      runProblem: runProblem ?? undefined,
    }),
  };
}
