/**
 * News for an agent's next turn in a conversation. Each is a row until a run takes it, and the row stays with that run: a
 * run that is resumed after a kill sees the news again, and a key is known for a week.
 */
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP, type Step } from "../../../base/store/store-upkeep.ts";
import { stored } from "../../../base/store/stored.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { asPeopleRead, type Words } from "../../../kit/text/framing.ts";

/** How many a turn is told; the rest waits for the next one (protocol: system-event). */
const MAX_A_TURN = 20;
/** How many remarks of a conversation wait; the oldest are dropped. */
const MAX_REMARKS = 20;
/** How many system events of a conversation wait; the oldest are dropped. */
const MAX_NEWS = 1_000;
const KEPT_MS = 7 * 24 * 3_600_000;

export interface NoticeOptions {
  /** The subject, when only the newest news of a subject matter. */
  readonly about?: string;
  /** How many news of the subject wait; one by default. */
  readonly most?: number;
  /** Adds once for each key. */
  readonly key?: string;
  /** Whether a heartbeat asks the model because of it; remarks wait until somebody speaks. */
  readonly isNews?: boolean;
}

export interface NoticeServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly upkeep: { add(step: Step): void };
}

export class Notices {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #upkeep: NoticeServices["upkeep"];

  constructor({ store, clock, upkeep }: NoticeServices) {
    this.#store = store;
    this.#clock = clock;
    this.#upkeep = upkeep;
  }

  start(): void {
    this.#upkeep.add(() => this.#prune());
  }

  /**
   * Adds news to a session; safe within a transaction. News equal to the newest that waits is dropped unless it has a key.
   * Of news with one `about`, only the newest `most` are kept.
   */
  add(sessionKey: string, words: Words, { about, most = 1, key, isNews = false }: NoticeOptions = {}): void {
    const json = JSON.stringify(words);
    if (key === undefined && this.#newest(sessionKey) === json) return;
    this.#store.transaction(() => {
      if (about !== undefined)
        this.#store.run(
          `delete from notices where id in (select id from notices where session_key = ? and about = ? and run_id is null
             order by id desc limit -1 offset ?)`,
          ...[sessionKey, about, most - 1],
        );
      this.#store.run(
        ...insertInto(
          "notices",
          { at: this.#clock.now(), session_key: sessionKey, words: json, about, key, is_news: isNews },
          "on conflict (key) do nothing",
        ),
      );
      this.#store.run(
        `delete from notices where id in (select id from notices where session_key = ? and is_news = ? and run_id is null
           order by id desc limit -1 offset ?)`,
        ...[sessionKey, Number(isNews), isNews ? MAX_NEWS : MAX_REMARKS],
      );
    });
  }

  #newest(sessionKey: string): string | undefined {
    return this.#store.get<{ words: string }>(
      "select words from notices where session_key = ? and run_id is null order by id desc limit 1",
      sessionKey,
    )?.words;
  }

  /** The newest 20 that wait in a session, oldest first, as people read them. */
  waiting(sessionKey: string): readonly string[] {
    return this.#store
      .all<{ words: string }>(
        "select words from notices where session_key = ? and run_id is null order by id desc limit ?",
        ...[sessionKey, MAX_A_TURN],
      )
      .reverse()
      .map(({ words }) => stored<Words>(words))
      .map(({ text, from }) => asPeopleRead(text, from));
  }

  /** The sessions in which system events wait, and how many. */
  sessionsWithNews(): readonly { readonly sessionKey: string; readonly count: number }[] {
    return this.#store.all(
      `select session_key as sessionKey, count(*) as count from notices where run_id is null and is_news = 1
       group by session_key order by min(id)`,
    );
  }

  /** The news of a run, oldest first: those it has taken before, else what waits in its session, at most 20. */
  take(sessionKey: string, runId: string): readonly Words[] {
    const before = this.#of(runId);
    if (before.length > 0 || this.#newest(sessionKey) === undefined) return before;
    this.#store.run(
      `update notices set run_id = ? where id in (select id from notices where session_key = ? and run_id is null
         order by id limit ?)`,
      ...[runId, sessionKey, MAX_A_TURN],
    );
    return this.#of(runId);
  }

  #of(runId: string): readonly Words[] {
    return this.#store
      .all<{ words: string }>("select words from notices where run_id = ? order by id", runId)
      .map(({ words }) => stored<Words>(words));
  }

  /** Has the news of a run wait again: no model has answered to them. */
  release(runId: string): void {
    this.#store.run("update notices set run_id = null where run_id = ?", runId);
  }

  #prune(): boolean {
    const before = this.#clock.olderThan(KEPT_MS);
    return this.#store.deleteSome("notices", "run_id is not null and at < ?", [before], ROWS_PER_STEP);
  }
}
