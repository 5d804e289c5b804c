// What models took, made into bars, a table and a file. Pure functions.

import type { UsageRow } from "@moltbot/protocol";
import { numbers } from "../words/formatters.ts";
import { t } from "../words/t.ts";

/** Tokens, or US dollars. */
export type Unit = "tokens" | "usd";

/** A bar of the chart. */
export interface Bar {
  /** As 2026-03-29. */
  readonly day: string;
  readonly value: number;
}

const DAY_MS = 24 * 3_600_000;

export function amountOf({ totalTokens, totalCost }: Pick<UsageRow, "totalTokens" | "totalCost">, unit: Unit): number {
  return unit === "tokens" ? totalTokens : totalCost;
}

/** One bar for each of the last days up to `today`; a day without calls is 0. */
export function barsOf(
  rows: readonly UsageRow[],
  { today, days, unit }: { today: string; days: number; unit: Unit },
): Bar[] {
  const known = new Map(rows.map((row) => [row.name, amountOf(row, unit)]));
  const last = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: days }, (_, at) => {
    const day = new Date(last - (days - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return { day, value: known.get(day) ?? 0 };
  });
}

/** A round figure at or above the largest value, for the top of the chart. */
export function topOf(values: readonly number[]): number {
  const most = Math.max(0, ...values);
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10) * power;
}

const short = numbers({ notation: "compact", maximumFractionDigits: 1 });
const money = numbers({ style: "currency", currency: "USD", maximumFractionDigits: 4 });

/** A figure with its unit. */
export function figure(value: number, unit: Unit): string {
  return unit === "tokens" ? t("{0} tokens", short.format(value)) : money.format(value);
}

/** The cost of a row in words; it may be known in part only, or not at all. */
export function costText({ totalCost, missingCostEntries, calls }: UsageRow): string {
  if (missingCostEntries === 0) return money.format(totalCost);
  return missingCostEntries >= calls
    ? t("price unknown")
    : t("{0} and {1} unpriced", money.format(totalCost), missingCostEntries);
}

/** The rows as CSV. A cell that a spreadsheet would take for a formula is text. */
export function csvOf(rows: readonly UsageRow[]): string {
  const head = [
    "name",
    "calls",
    "input",
    "output",
    "cacheRead",
    "cacheWrite",
    "totalTokens",
    "totalCostUsd",
    "unpricedCalls",
  ];
  const lines = rows.map((row) => [
    ...[row.name, row.calls, row.input, row.output, row.cacheRead, row.cacheWrite],
    ...[row.totalTokens, row.totalCost, row.missingCostEntries],
  ]);
  return [head, ...lines].map((cells) => cells.map(cell).join(",")).join("\r\n");
}

function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
