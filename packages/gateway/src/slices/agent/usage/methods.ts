/** The methods of usage. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { Ignored, Millis, NonEmpty, OneOf, SessionKey } from "../../../kit/schema/schema.ts";
import { BudgetState, UsageDay, UsageReport, UsageRow, UsageTotals } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const USUAL_DAYS = 30;
const MAX_DAYS = 3_650;

const Window = Type.Object({
  label: NonEmpty,
  usedPercent: Type.Number({ minimum: 0 }),
  resetAt: Type.Optional(Millis),
});

export const status = defineMethod({
  name: "usage.status",
  summary: "What models took today, and how much of the budgets is used.",
  access: "operator.read",
  open: true,
  params: {
    sessionKey: Type.Optional(SessionKey),
  },
  result: Type.Object({
    updatedAt: Millis,
    providers: Type.Array(
      Type.Object({
        provider: NonEmpty,
        displayName: NonEmpty,
        windows: Type.Array(Window),
        plan: Type.Optional(NonEmpty),
        error: Type.Optional(NonEmpty),
      }),
      { description: "Windows of the daily budgets; providers themselves do not tell theirs." },
    ),
    date: Type.String({ description: "Today, where the budgets' midnight is." }),
    today: UsageTotals,
    budgets: Type.Array(BudgetState),
  }),
  handler({ params, gateway: { usage, sessions, clock } }) {
    const budgets = usage.budgets(params.sessionKey === undefined ? undefined : sessions.canonical(params.sessionKey));
    const windows = budgets
      .filter(({ setting }) => setting.startsWith("budgets.daily."))
      .map(({ unit, usedPercent, resetAt }) => ({
        label: unit === "tokens" ? "Tokens today" : "Cost today",
        usedPercent,
        ...defined({ resetAt }),
      }));
    const providers = windows.length > 0 ? [{ provider: "moltbot", displayName: "Daily budget", windows }] : [];
    return { updatedAt: clock.now(), providers, date: usage.date, today: usage.today(), budgets };
  },
});

export const cost = defineMethod({
  name: "usage.cost",
  summary: "What models took on each of the last days; those without a call are left out.",
  access: "operator.read",
  open: true,
  params: { days: Type.Optional(Type.Unknown({ description: "A number, or a string of one. Default 30." })) },
  result: Type.Object({
    updatedAt: Millis,
    days: Type.Integer({ minimum: 1 }),
    daily: Type.Array(UsageDay),
    totals: UsageTotals,
  }),
  handler: ({ params, gateway }) => gateway.usage.cost(daysOf(params.days)),
});

export const breakdown = defineMethod({
  name: "usage.breakdown",
  summary: "What models took in the last days, by model, agent, conversation, run or day; the largest first.",
  access: "operator.read",
  params: {
    by: OneOf("model", "agent", "session", "run", "day"),
    days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_DAYS,
        description: "Default 30; conversations and runs reach back 90 days.",
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: "Default 50." })),
    day: Type.Optional(Type.String({ maxLength: 10, description: "Of this day only, as 2026-03-29." })),
    model: Type.Optional(Type.String({ maxLength: 256, description: "Of this model only, as PROVIDER/MODEL." })),
    agentId: Type.Optional(Type.String({ maxLength: 64, description: "Of this agent only." })),
    sessionKey: Type.Optional({ ...SessionKey, description: "Of this conversation only." }),
  },
  result: Type.Object({
    updatedAt: Millis,
    days: Type.Integer({ minimum: 1 }),
    by: NonEmpty,
    rows: Type.Array(UsageRow),
  }),
  handler({ params: { by, days = USUAL_DAYS, limit = 50, sessionKey, ...rest }, gateway }) {
    const only = { ...rest, sessionKey: sessionKey === undefined ? undefined : gateway.sessions.canonical(sessionKey) };
    return { updatedAt: gateway.clock.now(), days, by, rows: gateway.usage.breakdown(by, { days, limit, only }) };
  },
});

const Day = Type.Optional(Type.String({ maxLength: 10, description: "As 2026-03-29." }));

export const report = defineMethod({
  name: "sessions.usage",
  summary: "What models took between two days: by conversation, model, provider, agent, channel and day.",
  access: "operator.read",
  params: {
    startDate: Day,
    endDate: Day,
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "Conversations; 50 by default." })),
    ...{ agentScope: Ignored, mode: Ignored, timeZone: Ignored, utcOffset: Ignored, groupBy: Ignored },
    ...{ includeContextWeight: Ignored, key: Ignored },
  },
  result: UsageReport,
  handler: ({ params: { startDate: from, endDate: to, agentId, limit = 50 }, gateway }) =>
    gateway.usage.report({
      ...defined({ from, to }),
      ...{ agentId, limit },
    }),
});

/** As old clients send it: a number or a numeric string; anything else is the usual. */
function daysOf(given: unknown): number {
  const days = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof days !== "number" || !Number.isFinite(days)) return USUAL_DAYS;
  return Math.min(MAX_DAYS, Math.max(1, Math.floor(days)));
}
