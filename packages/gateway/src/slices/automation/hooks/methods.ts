/** The methods of hooks: which there are, what came, and what would become of a delivery. */
import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { MAX_NUMBER } from "../../../kit/schema/schema.ts";
import { DeliveryShape, HookShape, TrialShape } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });

export const list = defineMethod({
  name: "hooks.list",
  summary: "The addresses that other programs may call, and why some cannot be used.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    enabled: Type.Boolean(),
    path: Type.String(),
    problem: Type.Optional(Type.String({ description: "Why all hooks stay off." })),
    hooks: Type.Array(HookShape),
  }),
  handler: ({ gateway }) => gateway.hooks.list(),
});

export const deliveries = defineMethod({
  name: "hooks.deliveries",
  summary: "The newest calls of other programs first, and what became of them; without what they said.",
  access: "operator.read",
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "Default 50." })),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_NUMBER,
        description: "Only what came after the delivery of this id, oldest first.",
      }),
    ),
    hook: Type.Optional(Name),
  },
  result: Type.Object({ deliveries: Type.Array(DeliveryShape) }),
  handler: ({ params: { limit = 50, after, hook }, gateway }) => ({
    deliveries: gateway.hooks.deliveries({ limit, ...defined({ after, hook }) }),
  }),
});

export const test = defineMethod({
  name: "hooks.test",
  summary: "What would become of a delivery to a mapping. Its transform does run; nothing else is done.",
  access: "operator.admin",
  params: {
    path: Type.String({ minLength: 1, maxLength: 256, description: "What follows hooks.path in the address." }),
    payload: Type.Unknown(),
    headers: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 8_192 }))),
  },
  result: TrialShape,
  handler: ({ params: { path, payload, headers }, gateway }) =>
    gateway.hooks.try({ path, payload, ...defined({ headers }) }),
});
