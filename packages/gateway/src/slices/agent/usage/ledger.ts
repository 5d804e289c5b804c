/** The rows: every call, and the sums of days and conversations. */
import { insertInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { ROWS_PER_STEP } from "../../../base/store/store-upkeep.ts";
import type { Count } from "./count.ts";

/** Whose call it was. */
export interface Scope {
  readonly runId: string | undefined;
  /** Canonical. */
  readonly sessionKey: string | undefined;
  readonly sessionId: string | undefined;
  /** "" outside any conversation. */
  readonly agentId: string;
}

/** One call as it is kept. */
export interface Entry extends Scope, Count {
  readonly at: number;
  readonly day: string;
  readonly provider: string;
  readonly model: string;
  /** Millionths of a dollar; undefined when the price is not known. */
  readonly cost: number | undefined;
}

/** What several calls took. */
export interface UsageSum {
  readonly calls: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Millionths of a dollar, of the calls with a price. */
  readonly cost: number;
  /** Calls without a price. */
  readonly unpriced: number;
  readonly estimated: number;
}

/** Days from one to another, both included; of one agent or of all. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
  readonly agentId?: string | undefined;
}

/** By what calls are put together. */
export type Grouping = "model" | "agent" | "session" | "run" | "day";

/** Of which calls only; a property that is left out means all. */
export interface LedgerFilter {
  readonly day?: string | undefined;
  /** `PROVIDER/MODEL`. */
  readonly model?: string | undefined;
  readonly agentId?: string | undefined;
  /** Canonical. */
  readonly sessionKey?: string | undefined;
}

/** How long each call, and each conversation's sum after its last call, is kept. The sums of days stay. */
const CALL_MS = 90 * 24 * 3600_000;
const SESSION_MS = 365 * 24 * 3600_000;

const SUM = `coalesce(sum(calls), 0) as calls, coalesce(sum(input), 0) as input, coalesce(sum(output), 0) as output,
  coalesce(sum(cache_read), 0) as cacheRead, coalesce(sum(cache_write), 0) as cacheWrite,
  coalesce(sum(cost), 0) as cost, coalesce(sum(unpriced), 0) as unpriced, coalesce(sum(estimated), 0) as estimated`;
const SUM_OF_CALLS = `count(*) as calls, coalesce(sum(input), 0) as input, coalesce(sum(output), 0) as output,
  coalesce(sum(cache_read), 0) as cacheRead, coalesce(sum(cache_write), 0) as cacheWrite,
  coalesce(sum(cost), 0) as cost, count(*) - count(cost) as unpriced, coalesce(sum(is_estimate), 0) as estimated`;
const ADD = ["calls", "input", "output", "cache_read", "cache_write", "cost", "unpriced", "estimated"]
  .map((name) => `${name} = ${name} + excluded.${name}`)
  .join(", ");
const SPAN = "day >= ? and day <= ? and (? is null or agent_id = ?)";
const TOTAL = "sum(input + output + cache_read + cache_write)";

const NAMES: Readonly<Record<Grouping, string>> = {
  ...{ model: "provider || '/' || model", agent: "agent_id", session: "session_key", run: "run_id", day: "day" },
};

export class Ledger {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records a call in all sums. */
  add(entry: Entry): void {
    const { at, day, runId, sessionKey, sessionId, agentId, provider, model, cost, isEstimate } = entry;
    const { input, output, cacheRead, cacheWrite } = entry;
    const tokens = { input, output, cache_read: cacheRead, cache_write: cacheWrite };
    const sums = { calls: 1, ...tokens, cost: cost ?? 0, unpriced: cost === undefined, estimated: isEstimate };
    this.#store.transaction(() => {
      this.#store.run(
        ...insertInto("usage_calls", {
          ...{ at, day, provider, model, ...tokens, cost },
          run_id: runId,
          session_key: sessionKey,
          session_id: sessionId,
          agent_id: agentId,
          is_estimate: isEstimate,
        }),
      );
      this.#store.run(
        ...insertInto(
          "usage_days",
          { day, agent_id: agentId, provider, model, ...sums },
          `on conflict (day, agent_id, provider, model) do update set ${ADD}`,
        ),
      );
      if (sessionId === undefined || sessionKey === undefined) return;
      this.#store.run(
        ...insertInto(
          "usage_sessions",
          { session_id: sessionId, session_key: sessionKey, at, ...sums },
          `on conflict (session_id) do update set at = excluded.at, ${ADD}`,
        ),
      );
    });
  }

  /** A day, of one agent or of all. */
  ofDay(day: string, agentId?: string): UsageSum {
    return this.#store.get<UsageSum>(
      `select ${SUM} from usage_days where day = ? and (? is null or agent_id = ?)`,
      ...[day, agentId ?? null, agentId ?? null],
    )!;
  }

  /** A conversation since it began. */
  ofSession(sessionId: string): UsageSum {
    return this.#store.get<UsageSum>(`select ${SUM} from usage_sessions where session_id = ?`, sessionId)!;
  }

  ofRun(runId: string): UsageSum {
    return this.#store.get<UsageSum>(`select ${SUM_OF_CALLS} from usage_calls where run_id = ?`, runId)!;
  }

  /** The days from one on, oldest first; those without a call are left out. */
  days(from: string): (UsageSum & { readonly day: string })[] {
    return this.#store.all(`select day, ${SUM} from usage_days where day >= ? group by day order by day`, from);
  }

  /** The days from one on, put together; the largest first. Conversations and runs reach back 90 days. */
  groups(by: Grouping, { from, limit, only = {} }: { from: string; limit: number; only?: LedgerFilter }) {
    const name = NAMES[by];
    const { day, model, agentId, sessionKey } = only;
    const isDaily = by !== "session" && by !== "run" && sessionKey === undefined;
    const wanted = [
      ["day = ?", day],
      [`${NAMES.model} = ?`, model],
      ["agent_id = ?", agentId],
      ["session_key = ?", sessionKey],
    ].filter((each): each is [string, string] => each[1] !== undefined);
    return this.#store.all<UsageSum & { readonly name: string }>(
      `select coalesce(${name}, '') as name, ${isDaily ? SUM : SUM_OF_CALLS}
       from ${isDaily ? "usage_days" : "usage_calls"} where ${["day >= ?", ...wanted.map(([sql]) => sql)].join(" and ")}
       group by coalesce(${name}, '') order by ${TOTAL} desc, name limit ?`,
      ...[from, ...wanted.map(([, value]) => value), limit],
    );
  }

  /** The conversations of a span, the largest first; they reach back 90 days. */
  sessionsBetween(span: DayRange, limit: number): (UsageSum & { key: string; sessionId: string; agentId: string })[] {
    return this.#store.all(
      `select session_key as key, max(session_id) as sessionId, agent_id as agentId, ${SUM_OF_CALLS} from usage_calls
       where ${SPAN} and session_key is not null and session_id is not null
       group by session_key, agent_id order by ${TOTAL} desc, session_key limit ?`,
      ...[...spanOf(span), limit],
    );
  }

  /** The models of a span, the largest first. */
  modelsBetween(span: DayRange): (UsageSum & { provider: string; model: string })[] {
    return this.#store.all(
      `select provider, model, ${SUM} from usage_days where ${SPAN}
       group by provider, model order by ${TOTAL} desc, provider, model`,
      ...spanOf(span),
    );
  }

  /** The agents of a span, the largest first; "" is what was asked outside any conversation. */
  agentsBetween(span: DayRange): (UsageSum & { agentId: string })[] {
    return this.#store.all(
      `select agent_id as agentId, ${SUM} from usage_days where ${SPAN} group by agent_id order by ${TOTAL} desc, agent_id`,
      ...spanOf(span),
    );
  }

  /** The days of a span, oldest first; those without a call are left out. */
  daysBetween(span: DayRange): (UsageSum & { day: string })[] {
    return this.#store.all(
      `select day, ${SUM} from usage_days where ${SPAN} group by day order by day`,
      ...spanOf(span),
    );
  }

  /** Deletes some old rows; true when more are left. */
  prune({ olderThan }: { olderThan(ageMs: number): number }): boolean {
    this.#store.run("delete from usage_sessions where at < ?", olderThan(SESSION_MS));
    // Search among the oldest rows only: scanning all rows blocks the loop in a large table.
    const isOld = "rowid < (select min(rowid) from usage_calls) + 2000 and at < ?";
    return this.#store.deleteSome("usage_calls", isOld, [olderThan(CALL_MS)], ROWS_PER_STEP);
  }
}

function spanOf({ from, to, agentId }: DayRange): (string | null)[] {
  return [from, to, agentId ?? null, agentId ?? null];
}
