/** Finds conversations. */
import { invalidRequest } from "../../../base/errors.ts";
import { named } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { normalAgentId } from "../agents/agents.ts";
import { COLUMNS, type Row, type Session, toSession } from "./session-rows.ts";

/** Which sessions `list` returns. */
export interface SessionFilter {
  readonly limit?: number;
  readonly activeMinutes?: number;
  readonly includeGlobal?: boolean;
  readonly includeUnknown?: boolean;
  readonly includeDerivedTitles?: boolean;
  readonly includeLastMessage?: boolean;
  readonly label?: string;
  readonly spawnedBy?: string;
  readonly agentId?: string;
  readonly search?: string;
}

const MAX_ROWS = 2_000;

/** What a search by a key needs. */
interface ByKey {
  get(key: string): Session | undefined;
  canonical(key: string): string;
}

export class SessionList {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #sessions: ByKey;

  constructor({ store, clock }: { store: Store; clock: Clock }, sessions: ByKey) {
    this.#store = store;
    this.#clock = clock;
    this.#sessions = sessions;
  }

  /** The newest sessions first. */
  list(filter: SessionFilter = {}): Session[] {
    const since = filter.activeMinutes === undefined ? 0 : this.#clock.now() - filter.activeMinutes * 60_000;
    const like = `%${(filter.search ?? "")
      .trim()
      .toLowerCase()
      .replace(/[\\%_]/g, "\\$&")}%`;
    return this.#store
      .all<Row>(
        ...named(
          `select ${COLUMNS} from sessions
           where updated_at >= :since and (:global or key <> 'global') and (:unknown or key <> 'unknown')
             and (:label is null or label = :label) and (:agentId is null or agent_id = :agentId)
             and (:spawnedBy is null or json_extract(details, '$.levels.spawnedBy') = :spawnedBy)
             and (key like :like escape '\\' or session_id like :like escape '\\'
               or lower(coalesce(label, '')) like :like escape '\\')
           order by updated_at desc, key limit :limit`,
          {
            ...{ since, like },
            global: filter.includeGlobal === true,
            unknown: filter.includeUnknown === true,
            label: filter.label,
            agentId: filter.agentId && normalAgentId(filter.agentId),
            spawnedBy: filter.spawnedBy,
            limit: Math.min(filter.limit ?? MAX_ROWS, MAX_ROWS),
          },
        ),
      )
      .map(toSession);
  }

  /** How many sessions there are, of one agent or of all. */
  count(agentId?: string): number {
    return (
      this.#store.get<{ n: number }>(
        "select count(*) as n from sessions where ?1 is null or agent_id = ?1",
        agentId ?? null,
      )?.n ?? 0
    );
  }

  /**
   * Finds one session by exactly one of key, id and label. Throws `INVALID_REQUEST` with the protocol's texts when there
   * is none, or more than one.
   */
  resolve(
    by: { key?: string; sessionId?: string; label?: string } & Pick<SessionFilter, "agentId" | "spawnedBy">,
  ): Session {
    const { key, sessionId, label, ...filter } = by;
    const given = [key, sessionId, label].filter((value) => value !== undefined).length;
    if (given === 0) throw invalidRequest("Either key, sessionId, or label is required");
    if (given > 1) throw invalidRequest("Provide either key, sessionId, or label (not multiple)");
    const wanted = (key ?? sessionId ?? label)!;
    const found =
      key !== undefined ? this.#sessions.get(this.#sessions.canonical(key)) : this.#find({ sessionId, label }, filter);
    if (found) return found;
    throw invalidRequest(
      label === undefined ? `No session found: ${wanted}` : `No session found with label: ${wanted}`,
    );
  }

  #find(
    { sessionId, label }: { sessionId?: string | undefined; label?: string | undefined },
    filter: SessionFilter,
  ): Session | undefined {
    const all = { ...filter, includeGlobal: true, includeUnknown: true };
    if (label !== undefined) return this.list({ ...all, label })[0];
    return this.list(all).find((session) => session.sessionId === sessionId);
  }
}
