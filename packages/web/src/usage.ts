// What models took, as the page shows it: this conversation, today, and how much of each budget is used.

import type { BudgetState, UsageTotals } from "@moltbot/protocol";
import { numbers } from "./words/formatters.ts";
import { t } from "./words/t.ts";

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
  const tokens = t("{0} tokens", tokensText(totalTokens));
  return totalCost > 0 ? `${tokens} · ${moneyText(totalCost)}` : tokens;
}

/** What is left in words: "12.3k of 100k tokens", "$0.12 of $1". */
export function budgetText({ unit, used, limit }: BudgetState): string {
  if (unit === "usd") return t("{0} of {1}", moneyText(used), moneyText(limit));
  return t("{0} of {1} tokens", tokensText(used), tokensText(limit));
}

/** Tokens, short: "950", "12.3k", "1.2M". */
export function tokensText(count: number): string {
  if (count < 1_000) return String(count);
  const isLarge = count >= 999_500;
  const value = count / (isLarge ? 1_000_000 : 1_000);
  const short = value < 100 ? Number(value.toFixed(1)) : Math.round(value);
  return isLarge ? t("{0}M", short) : t("{0}k", short);
}

const dollarsWith = (digits: number) =>
  numbers({ style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = { 0: dollarsWith(0), 2: dollarsWith(2), 4: dollarsWith(4) };

function moneyText(dollars: number): string {
  const digits = dollars === Math.round(dollars) ? 0 : dollars < 0.1 ? 4 : 2;
  return money[digits].format(dollars);
}
