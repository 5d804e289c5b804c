/** The `traces` section. */
import { Type } from "@sinclair/typebox";
import { Address, SecretLine } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

export const traces = defineSettings({
  path: "traces",
  summary: "Traces of messages and runs, sent to a collector by OTLP/HTTP with JSON. Off unless a collector is named.",
  reload: "restart",
  schema: Type.Object({
    endpoint: Type.Optional({
      ...Address,
      description: "The collector, such as http://127.0.0.1:4318; OTEL_EXPORTER_OTLP_ENDPOINT where it is not set.",
    }),
    authorization: Type.Optional({
      ...SecretLine,
      description: "The header Authorization for it, such as `Bearer …`; OTEL_EXPORTER_OTLP_HEADERS does the same.",
    }),
  }),
});
