/** The rows of calls that wait for their node, or waited. */
import { defined } from "../../../../base/defined.ts";
import { newId } from "../../../../base/ids.ts";
import { insertInto, named } from "../../../../base/store/statement.ts";
import type { Store } from "../../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../../base/store/store-upkeep.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { QueuedCallShape } from "../schema.ts";

export type CallState = QueuedCallShape["state"];

/** A call to wait for its node. */
export interface NewCall {
  readonly nodeId: string;
  readonly command: string;
  /** JSON; a decision of people about a program is in it already. */
  readonly params: string;
  readonly timeoutMs: number;
  readonly principal: string;
  readonly idempotencyKey: string;
  /** Canonical; the conversation that is told the result. */
  readonly sessionKey?: string | undefined;
  /** The run that asked, when one did. */
  readonly runId?: string | undefined;
  /** Who asks, for the person at the node. */
  readonly askedBy?: string | undefined;
  readonly expiresAt: number;
}

/** A row. */
export interface CallRow extends NewCall {
  readonly id: string;
  readonly state: CallState;
  readonly createdAt: number;
  readonly endedAt?: number | undefined;
  /** The result as JSON, or what the conversation is told. */
  readonly answer?: string | undefined;
  readonly error?: string | undefined;
}

/** How a call ended. */
export interface CallEnd {
  readonly state: Exclude<CallState, "waiting" | "working">;
  readonly answer?: string | undefined;
  readonly error?: string | undefined;
}

interface Raw {
  readonly sessionKey: string | null;
  readonly runId: string | null;
  readonly askedBy: string | null;
  readonly endedAt: number | null;
  readonly answer: string | null;
  readonly error: string | null;
}

const COLUMNS =
  "id, node_id as nodeId, command, params, timeout_ms as timeoutMs, principal, idempotency_key as idempotencyKey, " +
  "session_key as sessionKey, run_id as runId, asked_by as askedBy, state, created_at as createdAt, expires_at as expiresAt, " +
  "ended_at as endedAt, answer, error";
const KEPT_MS = 24 * 3_600_000;

export class CallRows {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  add(call: NewCall): CallRow {
    const id = newId();
    this.#store.run(
      ...insertInto("node_calls", {
        id,
        node_id: call.nodeId,
        command: call.command,
        params: call.params,
        timeout_ms: call.timeoutMs,
        principal: call.principal,
        idempotency_key: call.idempotencyKey,
        session_key: call.sessionKey,
        run_id: call.runId,
        asked_by: call.askedBy,
        state: "waiting",
        created_at: this.#clock.now(),
        expires_at: call.expiresAt,
        is_told: false,
      }),
    );
    return this.get(id)!;
  }

  get(id: string): CallRow | undefined {
    return this.#rows("id = ?", id)[0];
  }

  ofKey(principal: string, idempotencyKey: string): CallRow | undefined {
    return this.#rows("principal = ? and idempotency_key = ?", principal, idempotencyKey)[0];
  }

  /** The newest first. */
  newest(limit: number): CallRow[] {
    return this.#rows("true").toReversed().slice(0, limit);
  }

  waitingFor(nodeId: string): CallRow[] {
    return this.#rows("state = 'waiting' and node_id = ?", nodeId);
  }

  /** How many wait for a node, or for all. */
  count(nodeId?: string): number {
    return this.#store.get<{ n: number }>(
      "select count(*) as n from node_calls where state = 'waiting' and (?1 is null or node_id = ?1)",
      nodeId ?? null,
    )!.n;
  }

  waiting(): CallRow[] {
    return this.#rows("state = 'waiting'");
  }

  /** Calls that were at work when the last gateway ended. */
  working(): CallRow[] {
    return this.#rows("state = 'working'");
  }

  /** Ended calls whose conversation has not been told. */
  untold(): CallRow[] {
    return this.#rows("state not in ('waiting', 'working') and is_told = 0 and session_key is not null");
  }

  /** Takes a waiting call to work; false when it does not wait (any more). */
  begin(id: string): boolean {
    return (
      this.#store.run("update node_calls set state = 'working' where id = ? and state = 'waiting'", id).changes > 0
    );
  }

  waitAgain(id: string): void {
    this.#store.run("update node_calls set state = 'waiting' where id = ? and state = 'working'", id);
  }

  /** Ends a call; the first end counts. */
  end(id: string, { state, answer, error }: CallEnd): boolean {
    const { changes } = this.#store.run(
      ...named(
        `update node_calls set state = :state, ended_at = :now, answer = :answer, error = :error, params = '{}'
         where id = :id and state in ('waiting', 'working')`,
        { id, state, now: this.#clock.now(), answer, error },
      ),
    );
    return changes > 0;
  }

  told(id: string): void {
    this.#store.run("update node_calls set is_told = 1 where id = ?", id);
  }

  /** Deletes some calls that ended long ago; true when more are left. */
  prune(): boolean {
    const before = this.#clock.olderThan(KEPT_MS);
    return this.#store.deleteSome("node_calls", "ended_at is not null and ended_at < ?", [before], ROWS_PER_STEP);
  }

  #rows(where: string, ...values: (string | number)[]): CallRow[] {
    return this.#store
      .all<Omit<CallRow, keyof Raw> & Raw>(`select ${COLUMNS} from node_calls where ${where} order by rowid`, ...values)
      .map(({ sessionKey, runId, askedBy, endedAt, answer, error, ...row }) => ({
        ...row,
        ...defined({
          sessionKey: sessionKey ?? undefined,
          runId: runId ?? undefined,
          askedBy: askedBy ?? undefined,
          endedAt: endedAt ?? undefined,
          answer: answer ?? undefined,
          error: error ?? undefined,
        }),
      }));
  }
}

/** A call as the wire says it. */
export function callView(row: CallRow): QueuedCallShape {
  const { id, nodeId, command, state, sessionKey, createdAt, expiresAt, endedAt, answer, error } = row;
  // The text for a conversation is told there; without one, the answer is the node's own JSON.
  const payload = sessionKey === undefined && answer !== undefined ? { payload: stored<unknown>(answer) } : {};
  return {
    ...{ id, nodeId, command, state, createdAtMs: createdAt, expiresAtMs: expiresAt, ...payload },
    ...defined({ sessionKey, endedAtMs: endedAt, error }),
  };
}
