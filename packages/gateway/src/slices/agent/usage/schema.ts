/** What models took, as the wire says it (protocol: usage.status, usage.cost). */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

const Count = Type.Integer({ minimum: 0 });

const totals = {
  input: Type.Integer({ minimum: 0, description: "Tokens that were not read from a cache or written to it." }),
  output: Count,
  cacheRead: Count,
  cacheWrite: Count,
  totalTokens: Count,
  totalCost: Type.Number({ minimum: 0, description: "In US dollars." }),
  missingCostEntries: Type.Integer({ minimum: 0, description: "Calls of models whose price is not known." }),
};

export const UsageTotals = Type.Object(totals);
export type UsageTotals = Static<typeof UsageTotals>;

/** One day. */
export const UsageDay = Type.Object({ date: NonEmpty, ...totals });

/** One model, agent, conversation or run. */
export const UsageRow = Type.Object({
  name: Type.String({ description: "Empty for what was asked outside any conversation." }),
  ...totals,
  calls: Count,
  estimatedCalls: Type.Integer({ minimum: 0, description: "Calls whose tokens nobody reported." }),
});

/** A sum as usage pages of protocol 4 read it. */
export const UsageSums = Type.Object({
  ...totals,
  inputCost: Type.Number({ minimum: 0, description: "Always 0, like the next three: costs are kept as one figure." }),
  outputCost: Type.Number({ minimum: 0 }),
  cacheReadCost: Type.Number({ minimum: 0 }),
  cacheWriteCost: Type.Number({ minimum: 0 }),
});
export type UsageSums = Static<typeof UsageSums>;

const Messages = Type.Object({
  ...{ total: Count, user: Count, assistant: Count, toolCalls: Count, toolResults: Count, errors: Count },
});

/** The answer of `sessions.usage`. */
export const UsageReport = Type.Object({
  updatedAt: Millis,
  startDate: NonEmpty,
  endDate: NonEmpty,
  sessions: Type.Array(Type.Object({ key: NonEmpty, sessionId: NonEmpty, agentId: Type.String(), usage: UsageSums })),
  totals: UsageSums,
  aggregates: Type.Object({
    messages: { ...Messages, description: "Not counted: always 0." },
    tools: Type.Object({ totalCalls: Count, uniqueTools: Count, tools: Type.Array(Type.Unknown()) }),
    byModel: Type.Array(Type.Object({ provider: NonEmpty, model: NonEmpty, count: Count, totals: UsageSums })),
    byProvider: Type.Array(Type.Object({ provider: NonEmpty, count: Count, totals: UsageSums })),
    byAgent: Type.Array(Type.Object({ agentId: Type.String(), totals: UsageSums })),
    byChannel: Type.Array(Type.Object({ channel: NonEmpty, totals: UsageSums })),
    daily: Type.Array(
      Type.Object({
        date: NonEmpty,
        tokens: Count,
        cost: Type.Number({ minimum: 0 }),
        ...{ messages: Count, toolCalls: Count, errors: Count },
      }),
    ),
  }),
});
export type UsageReport = Static<typeof UsageReport>;

/** A budget and how much of it is used. */
export const BudgetState = Type.Object({
  setting: NonEmpty,
  unit: OneOf("tokens", "usd"),
  used: Type.Number({ minimum: 0 }),
  limit: Type.Number({ exclusiveMinimum: 0 }),
  usedPercent: Type.Number({ minimum: 0 }),
  resetAt: Type.Optional(Millis),
});
export type BudgetState = Static<typeof BudgetState>;
