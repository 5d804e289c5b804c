/** `moltbot usage` — what models took: a line over the days, a small table, and how much of the budgets is left. */

import type { UsageBreakdownResult, UsageCostResult, UsageStatusResult } from "@moltbot/protocol";
import { type Call, defineCommand } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { briefKey } from "../language/names.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { duration, table } from "../terminal/render.ts";

const GROUPINGS = ["model", "agent", "session", "run"] as const;
type Grouping = (typeof GROUPINGS)[number];

const usageFlags = {
  days: { kind: "number", value: "N", summary: "How many days to look back (30)" },
  by: { kind: "text", value: "WHAT", summary: "Put together by", choices: GROUPINGS },
} as const;

/** Tokens and cost of the last days. */
export const usage = defineCommand({
  summary: "Show what models took, day by day, and how much of the budgets is left",
  page: "usage",
  flags: usageFlags,
  examples: ["moltbot usage", "moltbot usage --days 7 --by model", "moltbot usage --by session --json"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { flags, out } = call;
      const days = daysOf(flags.days);
      const by = groupingOf(flags.by);
      const [cost, status, groups] = await Promise.all([
        client.request("usage.cost", { days }, { timeoutMs }),
        client.request("usage.status", {}, { timeoutMs }),
        by && client.request("usage.breakdown", { by, days }, { timeoutMs }),
      ]);
      if (flags.json) return out.json({ ...cost, budgets: status.budgets, ...(groups && { by, rows: groups.rows }) });
      if (cost.totals.totalTokens === 0 && cost.daily.length === 0) {
        out.print(`No model was asked in the last ${days} days.`);
      } else {
        out.print(headline(call, cost, status.date));
        out.print("");
        out.print(groups ? groupTable(call, link, groups) : dayTable(call, cost));
        if (cost.totals.missingCostEntries > 0) out.print(out.style.dim(`\n${UNKNOWN_PRICE}`));
      }
      for (const line of budgetLines(call, status)) out.print(line);
    }),
});

type UsageCall = Pick<Call<typeof usageFlags>, "out">;
type Totals = UsageCostResult["totals"];

const BARS = "▁▂▃▄▅▆▇█";
const MAX_BARS = 60;
const MAX_DAYS_SHOWN = 14;
const UNKNOWN_PRICE =
  "The price of some models is not known; models.providers.ID.models says it, with `cost` beside the model's id.";

function headline({ out }: UsageCall, { daily, days, totals }: UsageCostResult, today: string): string {
  const bars = sparkline(perDay(daily, days, today));
  return `${out.style.cyan(bars)}  ${out.style.bold(`${tokens(totals.totalTokens)} tokens`)} in ${days} days, ${money(totals)}`;
}

/** The tokens of each day, those without any too, the oldest first. */
function perDay(daily: UsageCostResult["daily"], days: number, today: string): number[] {
  const byDate = new Map(daily.map(({ date, totalTokens }) => [date, totalTokens]));
  const end = Date.parse(`${today}T12:00:00Z`);
  return Array.from({ length: Math.min(days, MAX_BARS) }, (_, ago) => {
    return byDate.get(new Date(end - ago * 86_400_000).toISOString().slice(0, 10)) ?? 0;
  }).reverse();
}

/** One character for each value, the largest at full height; nothing at all is a blank. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  return values.map((value) => (value === 0 ? "·" : BARS[Math.min(7, Math.floor((value / most) * 7.999))])).join("");
}

function dayTable({ out }: UsageCall, { daily }: UsageCostResult): string {
  const shown = daily.slice(-MAX_DAYS_SHOWN).reverse();
  const columns = [{ title: "Day" }, ...COUNTS];
  const body = table(
    columns,
    shown.map((day) => [day.date, ...counts(day)]),
    out,
  );
  const more = daily.length - shown.length;
  return more > 0 ? `${body}\n${out.style.dim(`and ${more} more days; --json has them all`)}` : body;
}

function groupTable({ out }: UsageCall, link: Link, { rows, by }: UsageBreakdownResult): string {
  const columns = [
    { title: by[0]!.toUpperCase() + by.slice(1) },
    { title: "Calls", align: "right" as const },
    ...COUNTS,
  ];
  const cells = rows.map((row) => [nameOf(row.name, by, link), String(row.calls), ...counts(row)]);
  return table(columns, cells, out);
}

function nameOf(name: string, by: string, link: Link): string {
  if (name === "") return "(outside)";
  return by === "session" ? briefKey(name, link) : name;
}

const COUNTS = ["Input", "Cached", "Output", "Total", "Cost"].map((title) => ({ title, align: "right" as const }));

function counts(totals: Totals): string[] {
  const { input, cacheRead, cacheWrite, output, totalTokens } = totals;
  return [...[input + cacheWrite, cacheRead, output, totalTokens].map(tokens), cost(totals)];
}

function budgetLines({ out }: UsageCall, { budgets, updatedAt }: UsageStatusResult): string[] {
  if (budgets.length === 0) {
    return [out.style.dim("\nNo budget is set; `moltbot config set budgets.daily.tokens 1000000` sets one.")];
  }
  return budgets.map(({ setting, unit, used, limit, usedPercent, resetAt }, index) => {
    const paint = usedPercent >= 100 ? out.style.red : usedPercent >= 80 ? out.style.yellow : out.style.green;
    const amount = unit === "tokens" ? `${tokens(used)} of ${tokens(limit)}` : `${dollars(used)} of ${dollars(limit)}`;
    const reset = resetAt === undefined ? "" : `, anew in ${duration(resetAt - updatedAt)}`;
    return `${index === 0 ? "\n" : ""}${paint("●")} ${setting}  ${amount} (${usedPercent} %)${reset}`;
  });
}

function tokens(count: number): string {
  if (count < 1_000) return String(count);
  return count < 999_500 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(2)}M`;
}

/** Costs in words. */
function money({ totalCost, missingCostEntries }: Totals): string {
  if (missingCostEntries === 0) return dollars(totalCost);
  return totalCost === 0 ? "price unknown" : `${dollars(totalCost)} and calls of unknown price`;
}

/** Costs in a cell of a table. */
function cost({ totalCost, missingCostEntries }: Totals): string {
  if (missingCostEntries === 0) return dollars(totalCost);
  return totalCost === 0 ? "unknown" : `over ${dollars(totalCost)}`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount > 0 && amount < 0.1 ? 4 : 2)}`;
}

function daysOf(given: number | undefined): number {
  const days = given ?? 30;
  if (Number.isInteger(days) && days >= 1 && days <= 3_650) return days;
  throw usageError(`--days is a whole number from 1 to 3650, not ${days}.`);
}

function groupingOf(given: string | undefined): Grouping | undefined {
  return GROUPINGS.find((each) => each === given);
}
