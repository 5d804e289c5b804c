/** What models took, as the wire says it (protocol: usage.status, usage.cost). */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../kit/schema.ts";

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
