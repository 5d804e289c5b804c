/** The rows of the turns that heartbeats have asked a model for. */
import type { Static } from "@sinclair/typebox";
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../base/store/store-upkeep.ts";
import { stored } from "../../../base/store/stored.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { HeartbeatOutcome } from "./schema.ts";

export type Outcome = Static<typeof HeartbeatOutcome>;

export interface Turn {
  readonly runId: string;
  readonly agentId: string;
  readonly at: number;
  /** In the agent's zone: "2026-11-29". */
  readonly day: string;
  readonly reason: string;
  /** The state of HEARTBEAT.md when it began; "" without tasks. */
  readonly pages: string;
}

const DAY_MS = 24 * 3_600_000;
const KEPT_MS = 30 * DAY_MS;

export class HeartbeatTurns {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  add({ runId, agentId, at, day, reason, pages }: Turn): void {
    this.#store.run(...insertInto("heartbeat_turns", { run_id: runId, agent_id: agentId, at, day, reason, pages }));
  }

  get(runId: string): Turn | undefined {
    return this.#store.get<Turn>(
      "select run_id as runId, agent_id as agentId, at, day, reason, pages from heartbeat_turns where run_id = ?",
      runId,
    );
  }

  /** Notes what came of a turn: `told` is the text that was sent, `isHandled` whether the list needs no other turn. */
  end(runId: string, { outcome, told, isHandled }: { outcome: Outcome; told?: string; isHandled: boolean }): void {
    this.#store.run(
      "update heartbeat_turns set outcome = ?, told = ?, is_handled = ? where run_id = ?",
      ...[JSON.stringify(outcome), told ?? null, Number(isHandled), runId],
    );
  }

  /** The state of HEARTBEAT.md when the newest turn that left nothing to do began. */
  handled(agentId: string): string | undefined {
    return this.#store.get<{ pages: string }>(
      "select pages from heartbeat_turns where agent_id = ? and is_handled = 1 and pages <> '' order by at desc limit 1",
      agentId,
    )?.pages;
  }

  /** The text that was sent last, within 24 hours. */
  lastTold(agentId: string): string | undefined {
    return this.#store.get<{ told: string }>(
      "select told from heartbeat_turns where agent_id = ? and told is not null and at > ? order by at desc limit 1",
      ...[agentId, this.#clock.now() - DAY_MS],
    )?.told;
  }

  /** Whether a turn has ended with nothing for people. */
  saidNothing(runId: string): boolean {
    const row = this.#store.get<{ outcome: string | null }>(
      "select outcome from heartbeat_turns where run_id = ?",
      runId,
    );
    const status = row?.outcome ? stored<Outcome>(row.outcome).status : undefined;
    return status === "ok-empty" || status === "ok-token";
  }

  countOf(agentId: string, day: string): number {
    const sql = "select count(*) as n from heartbeat_turns where agent_id = ? and day = ?";
    return this.#store.get<{ n: number }>(sql, agentId, day)?.n ?? 0;
  }

  /** How many turns began after a time. */
  countSince(at: number): number {
    return this.#store.get<{ n: number }>("select count(*) as n from heartbeat_turns where at > ?", at)?.n ?? 0;
  }

  last(): Outcome | undefined {
    const row = this.#store.get<{ outcome: string }>(
      "select outcome from heartbeat_turns where outcome is not null order by at desc limit 1",
    );
    return row && stored<Outcome>(row.outcome);
  }

  prune(): boolean {
    // The table has no rowid, by which `deleteSome` finds rows.
    const old = `select run_id from heartbeat_turns where at < ? limit ${ROWS_PER_STEP}`;
    const sql = `delete from heartbeat_turns where run_id in (${old})`;
    return this.#store.run(sql, this.#clock.olderThan(KEPT_MS)).changes === ROWS_PER_STEP;
  }
}
