/** The budgets of a call: how much of each is used, and the sentence when one is used up. */
import { defined } from "../../../base/defined.ts";
import { GatewayError } from "../../../base/errors.ts";
import { dayOf, timeOfDay } from "../../../base/time/date-format.ts";
import { normalAgentId } from "../../core/agents/agents.ts";
import { totalOf } from "./count.ts";
import { nextMidnight, zoneOf } from "./day.ts";
import type { Ledger, Scope, UsageSum } from "./ledger.ts";
import type { BudgetState } from "./schema.ts";
import type { BudgetSettings, CapSettings } from "./settings.ts";
import { countText, moneyText, waitText } from "./text.ts";

/** One budget as it stands. */
export interface BudgetUsage {
  readonly setting: string;
  readonly of: "day" | "agent" | "session" | "run";
  readonly unit: "tokens" | "usd";
  readonly used: number;
  readonly limit: number;
  /** When it begins anew, epoch ms: budgets of days only. */
  readonly resetAt: number | undefined;
}

/** The budgets that hold for a call, the narrowest last. */
export function capsOf(settings: BudgetSettings, ledger: Ledger, scope: Partial<Scope>, now: number): BudgetUsage[] {
  const { daily, perAgent = {}, perSession, perRun } = settings;
  const { agentId, sessionId, runId } = scope;
  // A config may write agents' names with capitals.
  const [agentName, forAgent] = Object.entries(perAgent).find(([name]) => normalAgentId(name) === agentId) ?? [];
  if (!daily && !forAgent && !perSession && !perRun) return [];
  const zone = zoneOf(settings.timeZone);
  const today = dayOf(now, zone);
  const isDaily = daily !== undefined || forAgent !== undefined;
  const resetAt = isDaily ? nextMidnight(now, zone) : undefined;
  return [
    ...caps({ of: "day", path: "budgets.daily", resetAt }, daily, () => ledger.ofDay(today)),
    ...caps({ of: "agent", path: `budgets.perAgent.${agentName}`, resetAt }, forAgent, () =>
      ledger.ofDay(today, agentId),
    ),
    ...(sessionId
      ? caps({ of: "session", path: "budgets.perSession" }, perSession, () => ledger.ofSession(sessionId))
      : []),
    ...(runId ? caps({ of: "run", path: "budgets.perRun" }, perRun, () => ledger.ofRun(runId)) : []),
  ];
}

function caps(
  { of, path, resetAt }: { of: BudgetUsage["of"]; path: string; resetAt?: number | undefined },
  { tokens, cost }: CapSettings = {},
  sum: () => UsageSum,
): BudgetUsage[] {
  if (tokens === undefined && cost === undefined) return [];
  const used = sum();
  const common = { of, resetAt };
  return [
    ...(tokens === undefined
      ? []
      : [{ ...common, setting: `${path}.tokens`, unit: "tokens" as const, used: totalOf(used), limit: tokens }]),
    ...(cost === undefined
      ? []
      : [{ ...common, setting: `${path}.cost`, unit: "usd" as const, used: used.cost / 1e6, limit: cost }]),
  ];
}

/** Throws `UNAVAILABLE` when a budget is used up, or cannot be kept because nobody knows the model's price. */
export function requireRoom(
  all: readonly BudgetUsage[],
  { modelRef, isPriced, settings, now }: { modelRef: string; isPriced: boolean; settings: BudgetSettings; now: number },
): void {
  const full = all.find(({ used, limit }) => used >= limit);
  if (full) {
    const { resetAt } = full;
    const retry = resetAt === undefined ? {} : { retryable: true, retryAfterMs: resetAt - now };
    throw new GatewayError("UNAVAILABLE", usedUp(full, now, zoneOf(settings.timeZone)), retry);
  }
  const inMoney = all.find(({ unit }) => unit === "usd");
  if (isPriced || settings.unknownPrices === "ignore" || !inMoney) return;
  const [provider] = modelRef.split("/");
  throw new GatewayError(
    "UNAVAILABLE",
    `Nobody knows what ${modelRef} costs, so ${inMoney.setting} cannot be kept. Say it in models.providers.${provider}.models ` +
      `as cost: { input, output }, in dollars for a million tokens; or set budgets.unknownPrices to "ignore".`,
  );
}

const SUBJECTS = {
  day: "Today's budget",
  agent: "This agent's budget for today",
  session: "This conversation's budget",
  run: "This request's budget",
} as const;

/** What people are told when a budget is used up. */
function usedUp(cap: BudgetUsage, now: number, zone: string): string {
  return `${SUBJECTS[cap.of]} is used up: ${amounts(cap)} (${cap.setting}). ${remedy(cap, now, zone)}`;
}

/** What the log says when a budget is nearly used up, or used up. */
export function capText(cap: BudgetUsage): string {
  return `${SUBJECTS[cap.of]} ${cap.used >= cap.limit ? "is used up" : "is nearly used up"}: ${amounts(cap)} (${cap.setting})`;
}

/** How much of how much. */
export function amounts({ unit, used, limit }: Pick<BudgetUsage, "unit" | "used" | "limit">): string {
  return unit === "tokens"
    ? `${countText(used)} of ${countText(limit)} tokens`
    : `${moneyText(used)} of ${moneyText(limit)}`;
}

function remedy({ of, resetAt, setting }: BudgetUsage, now: number, zone: string): string {
  if (of === "session") return `Begin a new one with /new, or raise ${setting}.`;
  if (of === "run") return `Say “go on” to continue in a new one, or raise ${setting}.`;
  if (resetAt === undefined) return `Raise ${setting}.`;
  return `It begins anew at ${timeOfDay(resetAt, zone)} (${zone}), in ${waitText(resetAt - now)}; raise ${setting} to go on now.`;
}

/** A budget as the wire says it. */
export function toState({ setting, unit, used, limit, resetAt }: BudgetUsage): BudgetState {
  const usedPercent = Math.round((used / limit) * 1000) / 10;
  return { setting, unit, used, limit, usedPercent, ...defined({ resetAt }) };
}
