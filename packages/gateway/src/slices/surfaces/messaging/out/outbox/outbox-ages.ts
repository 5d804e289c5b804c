/** The ages of messages in the outbox: what has waited too long fails, and what ended long ago is deleted. */
import type { Store } from "../../../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../../../base/store/store-upkeep.ts";
import type { Clock } from "../../../../../base/time/clock.ts";
import { COLUMNS, IS_OPEN, type OutboxRow, type Row, toOutboxRow } from "./outbox-rows.ts";

/** A time longer than any send takes. */
const SENDING_MS = 5 * 60_000;

export class OutboxAges {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Fails messages that have waited too long, on any account. Messages that were being sent, and whose account has not
   * come back, become doubtful. Returns all of them.
   */
  expire(): OutboxRow[] {
    const now = this.#clock.steadyNow();
    return this.#store
      .all<Row>(
        `update outbox set state = case state when 'sending' then 'unknown' else 'failed' end,
           problem = case when state = 'sending' then 'the gateway was interrupted while it sent this; it may have arrived'
             when problem is null then 'it could not be sent in time' else 'it could not be sent in time: ' || problem end
         where ${IS_OPEN}
           and ((state <> 'sending' and expires_at <= ?) or (state = 'sending' and expires_at <= ? - ?)) returning ${COLUMNS}`,
        ...[now, now, SENDING_MS],
      )
      .map(toOutboxRow);
  }

  /** Moves due and expiry times along when steady time has moved, so that they stay at the same moment. */
  shift(byMs: number): void {
    this.#store.run(
      `update outbox set expires_at = expires_at + ?1, not_before = case not_before when 0 then 0 else not_before + ?1 end
       where ${IS_OPEN}`,
      byMs,
    );
  }

  /** Deletes some ended messages that were queued before `before`, epoch ms; true when more are left. */
  prune(before: number): boolean {
    // Search among the oldest rows only: scanning all rows blocks the loop in a large table.
    const hasEnded =
      "id < (select min(id) from outbox) + 2000 and state in ('sent', 'failed', 'unknown') and queued_at < ?";
    return this.#store.deleteSome("outbox", hasEnded, [before], ROWS_PER_STEP);
  }
}
