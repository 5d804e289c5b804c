/** The `metrics` section. */
import { Type } from "@sinclair/typebox";
import { defineSettings } from "../../../kit/settings.ts";

export const metrics = defineSettings({
  path: "metrics",
  summary: "Figures for Prometheus, at `/metrics` on the gateway's port.",
  reload: "restart",
  schema: Type.Object({
    enabled: Type.Boolean({
      default: true,
      description:
        "Whether metrics are counted and served: to programs on this machine, and to callers with the gateway's secret.",
    }),
  }),
});
