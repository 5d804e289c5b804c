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
        "Whether figures are counted and told: to programs on this machine, and to who shows the gateway's secret.",
    }),
  }),
});
