/** The methods of models. */
import { Type } from "@sinclair/typebox";
import { defineMethod } from "../../kit/method.ts";
import { ModelChoice } from "./schema.ts";

export const list = defineMethod({
  name: "models.list",
  summary: "The models that can be chosen: configured ones, those of set keys, and those found on this machine.",
  access: "operator.read",
  params: {},
  result: Type.Object({ models: Type.Array(ModelChoice) }),
  async handler({ gateway }) {
    const models = await gateway.models.list();
    return {
      models: models.map(({ id, name, provider, contextWindow, reasoning }) => ({
        id,
        name,
        provider: provider.id,
        ...(contextWindow !== undefined && { contextWindow }),
        ...(reasoning !== undefined && { reasoning }),
      })),
    };
  },
});
