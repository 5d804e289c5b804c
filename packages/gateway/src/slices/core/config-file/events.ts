/** Events about the config file. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { NonEmpty } from "../../../kit/schema/schema.ts";

export const configChanged = defineEvent({
  name: "config.changed",
  summary: "Somebody has changed the config file through the gateway; read it anew.",
  audience: "operator.admin",
  whenSlow: "drop",
  payload: Type.Object({ hash: NonEmpty }),
});
