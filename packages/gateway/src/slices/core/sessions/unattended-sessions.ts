/**
 * Conversations that nobody holds: jobs and hooks begin them, each for itself. They are kept for a while, unless a person has
 * named or pinned them.
 */
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../base/store/store-upkeep.ts";

const IS_SOLITARY =
  "(key glob 'agent:*:cron:*' or key glob 'agent:*:hook:????????-????-????-????-????????????') and label is null and " +
  "json_extract(details, '$.pinned') is null";

export class UnattendedSessions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The sessions without a message since `before`, and the oldest beyond `most`; without those of `except`. */
  expired(wanted: { before: number; most: number; limit: number; except: ReadonlySet<string> }): string[] {
    const { before, most, limit, except } = wanted;
    return this.#store
      .all<{ key: string }>(
        `select key from (select key, updated_at, row_number() over (order by updated_at desc, key) as place
           from sessions where ${IS_SOLITARY}) where updated_at < ? or place > ? order by updated_at limit ?`,
        ...[before, most, limit + except.size],
      )
      .map(({ key }) => key)
      .filter((key) => !except.has(key))
      .slice(0, limit);
  }

  /** Deletes some of what was said before a time in transcripts that are over. Returns true when more is left. */
  forgetPast(before: number): boolean {
    const where =
      `at < ? and session_key in (select key from sessions where ${IS_SOLITARY}) ` +
      "and session_id <> (select session_id from sessions where key = messages.session_key)";
    return this.#store.deleteSome("messages", where, [before], ROWS_PER_STEP);
  }
}
