/** What budgets tell. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { BudgetState } from "./schema.ts";

export const budget = defineEvent({
  name: "usage.budget",
  summary: "A budget is nearly used up, or used up.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({
    level: OneOf("warning", "reached"),
    budget: BudgetState,
    sessionKey: Type.Optional(NonEmpty),
    text: NonEmpty,
  }),
});
