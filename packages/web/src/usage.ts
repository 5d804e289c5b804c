// What models took, as the page shows it: this conversation, today, and how much of each budget is used.

import type { BudgetState, UsageTotals } from "@moltbot/protocol";

/** What is known of usage now. */
export interface Usage {
  /** Of the open conversation; none when no model was asked in it. */
  readonly session: UsageTotals | undefined;
  readonly today: UsageTotals;
  readonly budgets: readonly BudgetState[];
}

/** From here on a budget is worth a look, in percent. */
export const BUDGET_LOW = 80;

/** Tokens, and what they cost where that is known: "12.3k tokens · $0.04". */
export function totalsText({ totalTokens, totalCost }: UsageTotals): string {
  const tokens = `${tokensText(totalTokens)} tokens`;
  return totalCost > 0 ? `${tokens} · ${moneyText(totalCost)}` : tokens;
}

/** What is left in words: "12.3k of 100k tokens", "$0.12 of $1". */
export function budgetText({ unit, used, limit }: BudgetState): string {
  if (unit === "usd") return `${moneyText(used)} of ${moneyText(limit)}`;
  return `${tokensText(used)} of ${tokensText(limit)} tokens`;
}

/** Tokens, short: "950", "12.3k", "1.2M". */
export function tokensText(count: number): string {
  if (count < 1_000) return String(count);
  const [value, unit] = count < 999_500 ? [count / 1_000, "k"] : [count / 1_000_000, "M"];
  return `${value < 100 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`;
}

function moneyText(dollars: number): string {
  if (dollars === Math.round(dollars)) return `$${dollars}`;
  return `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}
