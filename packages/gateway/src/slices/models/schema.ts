/** Models as the wire says them (protocol: models.list). */
import { Type } from "@sinclair/typebox";
import { Closed, NonEmpty } from "../../kit/schema.ts";

export const ModelChoice = Closed({
  id: NonEmpty,
  name: NonEmpty,
  provider: NonEmpty,
  contextWindow: Type.Optional(Type.Integer({ minimum: 1 })),
  reasoning: Type.Optional(Type.Boolean()),
});
