/** The `budgets` section: how many tokens and how much money models may take. */
import { type Static, type TProperties, Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const caps = {
  tokens: Type.Optional(
    Type.Integer({ minimum: 1, description: "Input and output together, also what was read from a cache." }),
  ),
  cost: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: "In US dollars." })),
} satisfies TProperties;

const Caps = (description: string) => Type.Optional(Type.Object(caps, { description }));

const Budgets = Type.Object({
  daily: Caps("For everything in one day, from midnight to midnight."),
  perAgent: Type.Optional(
    Type.Record(Type.String(), Type.Object(caps), {
      description: "For one agent in one day: { main: { tokens: 500000 } }.",
    }),
  ),
  perSession: Caps("For one conversation; /new begins another."),
  perRun: Caps("For one request, with all its tool calls."),
  warnAt: Type.Number({
    minimum: 0.1,
    maximum: 1,
    default: 0.8,
    description: "The part of a budget at which the log warns, once.",
  }),
  unknownPrices: Type.Unsafe<"refuse" | "ignore">({
    ...OneOf("refuse", "ignore"),
    default: "refuse",
    description: "What a budget in dollars does with a model whose price is not known.",
  }),
  timeZone: Type.Optional(
    Type.String({ minLength: 1, description: "Whose midnight counts, as Europe/Berlin. Default: this machine's." }),
  ),
});
export type BudgetSettings = Static<typeof Budgets>;
export type CapSettings = NonNullable<BudgetSettings["daily"]>;

export const budgets = defineSettings({
  path: "budgets",
  summary: "How many tokens and how much money models may take.",
  reload: "live",
  schema: Budgets,
});
