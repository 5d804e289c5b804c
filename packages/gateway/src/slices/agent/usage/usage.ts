/** Counts every model call, and refuses calls that a budget forbids. */

import type { Settings } from "../../../base/config/config.ts";
import type { Config } from "../../../base/config/config-file.ts";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { dayOf } from "../../../base/time/date-format.ts";
import type { Base } from "../../../kit/base.ts";
import { ManyPort } from "../../../kit/port.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Models } from "../models/models.ts";
import type { Meter, ModelRequest, ModelStep } from "../models/port.ts";
import { capsOf, capText, requireRoom, toState } from "./budgets.ts";
import { CallCounter, type Count, costOf, totalOf } from "./count.ts";
import { daysBefore, isDay, zoneOf } from "./day.ts";
import { budget } from "./events.ts";
import { type DayRange, type Grouping, Ledger, type LedgerFilter, type Scope, type UsageSum } from "./ledger.ts";
import { usageReport } from "./report.ts";
import type { BudgetState, UsageReport, UsageTotals } from "./schema.ts";
import { type BudgetSettings, budgets } from "./settings.ts";

/** What the slices below this one need beside the service. */
export { amounts } from "./budgets.ts";
export { moneyText, tokensText } from "./text.ts";

const REPORT_DAYS = 30;
/** How long a cost report is reused, ms (protocol: usage.cost). */
const COST_CACHE_MS = 30_000;

/** The answer of `usage.cost`. */
export interface CostReport {
  readonly updatedAt: number;
  readonly days: number;
  readonly daily: ({ readonly date: string } & UsageTotals)[];
  readonly totals: UsageTotals;
}

export interface UsageServices extends Base {
  readonly sessions: Sessions;
  readonly models: Models;
}

/** One call of a model, when it is over. */
export interface CountedCall extends Count {
  readonly provider: string;
  readonly model: string;
  readonly runId: string | undefined;
  /** US dollars; undefined where the model has no price. */
  readonly usd: number | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Hears of calls of models. It must not throw. */
export interface ModelWatcher {
  called(call: CountedCall): void;
}

export class Usage implements Meter {
  /** Observers of calls of models. */
  readonly watchers = new ManyPort<ModelWatcher>();
  readonly #services: Omit<UsageServices, "config">;
  readonly #ledger: Ledger;
  readonly #settings: Settings<BudgetSettings>;
  readonly #reports = new Map<number, { readonly at: number; readonly report: CostReport }>();

  /** From now on all that is asked of models is counted. */
  constructor({ config, ...services }: UsageServices & { readonly config: Config }) {
    this.#services = services;
    this.#ledger = new Ledger(services.store);
    this.#settings = config.of(budgets);
    services.upkeep.add(() => this.#prune());
    services.models.meter.fill(this);
  }

  async *watch(request: ModelRequest, steps: AsyncIterable<ModelStep>): AsyncGenerator<ModelStep> {
    const scope = this.#scopeOf(request);
    let ref = request.model.ref;
    let startedAt = this.#services.clock.now();
    const record = (count: Count | undefined) => {
      this.#record(scope, { ref, startedAt }, count);
      startedAt = this.#services.clock.now();
    };
    let counter: CallCounter | undefined = new CallCounter(request);
    this.#requireRoom(scope, ref);
    try {
      for await (const step of steps) {
        if (step.kind === "answering" && `${step.provider}/${step.model}` !== ref) {
          record(counter?.unreported(false));
          ref = `${step.provider}/${step.model}`;
          counter = new CallCounter(request);
          this.#requireRoom(scope, ref);
        }
        // Asked again: another call, which is counted apart.
        if (step.kind === "taken-back" && counter === undefined) counter = new CallCounter(request);
        const count = counter?.take(step);
        if (count) {
          record(count);
          counter = undefined;
        }
        yield step;
      }
    } finally {
      record(counter?.unreported(request.signal.aborted));
    }
  }

  /** The budgets that hold in a conversation, for what comes next there; without one, those of the day. */
  budgets(sessionKey?: string): BudgetState[] {
    const scope = this.#scopeOf({ sessionKey });
    return capsOf(this.#settings.current, this.#ledger, scope, this.#services.clock.now()).map(toState);
  }

  /** Today, in the budgets' time zone. */
  get date(): string {
    return dayOf(this.#services.clock.now(), zoneOf(this.#settings.current.timeZone));
  }

  /** All calls of today, in the budgets' time zone. */
  today(): UsageTotals {
    return totalsOf(this.#ledger.ofDay(this.date));
  }

  /** A conversation since it began, or since it was reset. */
  session(sessionId: string): UsageTotals {
    return totalsOf(this.#ledger.ofSession(sessionId));
  }

  /** One run, for 90 days. */
  run(runId: string): UsageTotals {
    return totalsOf(this.#ledger.ofRun(runId));
  }

  /** The last days, today included; at most 30 seconds old. */
  cost(days: number): CostReport {
    const now = this.#services.clock.now();
    const known = this.#reports.get(days);
    if (known && now - known.at < COST_CACHE_MS) return known.report;
    for (const [key, { at }] of this.#reports) if (now - at >= COST_CACHE_MS) this.#reports.delete(key);
    const rows = this.#ledger.days(daysBefore(this.date, days - 1));
    const daily = rows.map(({ day, ...sum }) => ({ date: day, ...totalsOf(sum) }));
    const report = { updatedAt: now, days, daily, totals: totalsOf(added(rows)) };
    this.#reports.set(days, { at: now, report });
    return report;
  }

  /** The last days, put together by model, agent, conversation or run; the largest first. */
  breakdown(by: Grouping, { days, limit, only }: { days: number; limit: number; only?: LedgerFilter }) {
    return this.#ledger
      .groups(by, { from: daysBefore(this.date, days - 1), limit, ...defined({ only }) })
      .map(({ name, ...sum }) => ({ name, ...totalsOf(sum), calls: sum.calls, estimatedCalls: sum.estimated }));
  }

  /**
   * What was taken between two days, as usage pages read it; the last 30 days when none are named. Throws
   * `INVALID_REQUEST` for a day that there is not.
   */
  report({ from, to = this.date, agentId, limit }: Partial<DayRange> & { limit: number }): UsageReport {
    for (const day of [from, to])
      if (day !== undefined && !isDay(day)) throw invalidRequest("a day is written as 2026-03-29");
    const span = { from: from ?? daysBefore(to, REPORT_DAYS - 1), to, agentId };
    return { updatedAt: this.#services.clock.now(), ...usageReport(this.#ledger, span, limit) };
  }

  /** Forgets calls after 90 days; the sums of days stay. */
  #prune(): boolean {
    const { clock } = this.#services;
    return this.#ledger.prune({ olderThan: (ageMs) => clock.olderThan(ageMs) });
  }

  #scopeOf({ runId, sessionKey }: Pick<ModelRequest, "runId" | "sessionKey">): Scope {
    const { sessions } = this.#services;
    if (sessionKey === undefined) return { runId, sessionKey, sessionId: undefined, agentId: "" };
    const sessionId = sessions.get(sessionKey)?.sessionId;
    // A sub-agent's usage counts to its starter, so that another agent's budget is no way around one's own.
    return { runId, sessionKey, sessionId, agentId: sessions.agentOf(sessions.lineOf(sessionKey).at(-1)!) };
  }

  #requireRoom(scope: Scope, modelRef: string): void {
    const { clock, models } = this.#services;
    const settings = this.#settings.current;
    const now = clock.now();
    const all = capsOf(settings, this.#ledger, scope, now);
    requireRoom(all, { modelRef, isPriced: models.priceOf(modelRef) !== undefined, settings, now });
  }

  /** Records a call, and reports budgets that it brought near their end. A full disk must not end the run. */
  #record(
    scope: Scope,
    { ref, startedAt }: { readonly ref: string; readonly startedAt: number },
    count: Count | undefined,
  ): void {
    if (!count) return;
    const { clock, models, log } = this.#services;
    const price = models.priceOf(ref);
    const slash = ref.indexOf("/");
    const cost = price && costOf(count, price);
    const [provider, model] = [ref.slice(0, slash), ref.slice(slash + 1)];
    const usd = cost === undefined ? undefined : cost / 1e6;
    const call = { ...count, provider, model, runId: scope.runId, usd, startedAt, endedAt: clock.now() };
    for (const each of this.watchers) each.called(call);
    try {
      this.#ledger.add({
        ...scope,
        ...count,
        at: clock.now(),
        day: this.date,
        provider,
        model,
        cost,
      });
      this.#tell(scope, { tokens: totalOf(count), usd: (cost ?? 0) / 1e6 });
    } catch (error) {
      log.error("what a model took cannot be written down", { model: ref, error });
    }
  }

  /** Once for each budget and level: when this call stepped over it. */
  #tell(scope: Scope, took: { readonly tokens: number; readonly usd: number }): void {
    const { bus, clock, log } = this.#services;
    const settings = this.#settings.current;
    for (const cap of capsOf(settings, this.#ledger, scope, clock.now())) {
      const before = cap.used - took[cap.unit];
      const isReached = before < cap.limit && cap.used >= cap.limit;
      const isNear = before < cap.limit * settings.warnAt && cap.used >= cap.limit * settings.warnAt;
      if (!isReached && !isNear) continue;
      const { sessionKey } = scope;
      log.warn(isReached ? "a budget is used up" : "a budget is nearly used up", { setting: cap.setting, sessionKey });
      bus.publish(budget, {
        level: isReached ? "reached" : "warning",
        budget: toState(cap),
        text: capText(cap),
        ...((cap.of === "session" || cap.of === "run") && sessionKey !== undefined && { sessionKey }),
      });
    }
  }
}

/** A sum as the wire says it. */
function totalsOf(sum: UsageSum): UsageTotals {
  const { input, output, cacheRead, cacheWrite } = sum;
  return {
    ...{ input, output, cacheRead, cacheWrite },
    totalTokens: totalOf(sum),
    totalCost: sum.cost / 1e6,
    missingCostEntries: sum.unpriced,
  };
}

const NOTHING: UsageSum = {
  ...{ calls: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  ...{ cost: 0, unpriced: 0, estimated: 0 },
};

function added(sums: readonly UsageSum[]): UsageSum {
  return sums.reduce(
    (total, each) => ({
      calls: total.calls + each.calls,
      input: total.input + each.input,
      output: total.output + each.output,
      cacheRead: total.cacheRead + each.cacheRead,
      cacheWrite: total.cacheWrite + each.cacheWrite,
      cost: total.cost + each.cost,
      unpriced: total.unpriced + each.unpriced,
      estimated: total.estimated + each.estimated,
    }),
    NOTHING,
  );
}
