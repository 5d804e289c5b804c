/** What models took between two days, in the shape that usage pages of protocol 4 read (protocol: sessions.usage). */
import type { DayRange, Ledger, UsageSum } from "./ledger.ts";
import type { UsageReport, UsageSums } from "./schema.ts";

/** A usage page shows channels as the session keys name them. */
const CHANNEL = /^agent:[^:]+:([a-z]+):/;
/** Conversations that are looked at for the sums of channels. */
const MAX_SESSIONS = 1_000;

/** The report, without when it was made. */
export function usageReport(ledger: Ledger, span: DayRange, limit: number): Omit<UsageReport, "updatedAt"> {
  const sessions = ledger.sessionsBetween(span, MAX_SESSIONS);
  const models = ledger.modelsBetween(span);
  const channels = groupBy(sessions, ({ key }) => CHANNEL.exec(key)?.[1] ?? "webchat");
  return {
    startDate: span.from,
    endDate: span.to,
    sessions: sessions.slice(0, limit).map(({ key, sessionId, agentId, ...sum }) => ({
      ...{ key, sessionId, agentId },
      usage: sumsOf(sum),
    })),
    totals: sumsOf(added(models)),
    aggregates: {
      // How many messages and tool calls there were in a span is not counted.
      messages: { total: 0, user: 0, assistant: 0, toolCalls: 0, toolResults: 0, errors: 0 },
      tools: { totalCalls: 0, uniqueTools: 0, tools: [] },
      byModel: models.map(({ provider, model, ...sum }) => ({
        provider,
        model,
        count: sum.calls,
        totals: sumsOf(sum),
      })),
      byProvider: [...groupBy(models, ({ provider }) => provider)].map(([provider, sums]) => ({
        ...{ provider, count: added(sums).calls, totals: sumsOf(added(sums)) },
      })),
      byAgent: ledger.agentsBetween(span).map(({ agentId, ...sum }) => ({ agentId, totals: sumsOf(sum) })),
      byChannel: [...channels].map(([channel, sums]) => ({ channel, totals: sumsOf(added(sums)) })),
      daily: ledger.daysBetween(span).map(({ day, ...sum }) => {
        const { totalTokens: tokens, totalCost: cost } = sumsOf(sum);
        return { date: day, tokens, cost, messages: 0, toolCalls: 0, errors: 0 };
      }),
    },
  };
}

function groupBy<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(nameOf(row), [...(groups.get(nameOf(row)) ?? []), row]);
  return groups;
}

/** Costs are kept as one figure, not by kind of token. */
function sumsOf(sum: UsageSum): UsageSums {
  const { input, output, cacheRead, cacheWrite } = sum;
  return {
    ...{ input, output, cacheRead, cacheWrite, totalTokens: input + output + cacheRead + cacheWrite },
    totalCost: sum.cost / 1e6,
    ...{ inputCost: 0, outputCost: 0, cacheReadCost: 0, cacheWriteCost: 0 },
    missingCostEntries: sum.unpriced,
  };
}

function added(sums: readonly UsageSum[]): UsageSum {
  const total = { calls: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cost: 0, unpriced: 0, estimated: 0 };
  for (const each of sums) for (const name of Object.keys(total) as (keyof UsageSum)[]) total[name] += each[name];
  return total;
}
