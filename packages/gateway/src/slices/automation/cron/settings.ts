/** The `cron` section: whether jobs run, and how many at once. */
import { type Static, Type } from "@sinclair/typebox";
import { defineSettings } from "../../../kit/settings.ts";

const Cron = Type.Object({
  enabled: Type.Boolean({ default: true, description: "Whether jobs run by themselves." }),
  maxConcurrentRuns: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 64,
    description: "How many jobs have the agent work at once; others wait.",
  }),
  keepDays: Type.Integer({ default: 7, minimum: 1, maximum: 365, description: "How long runs are listed." }),
});
export type CronSettings = Static<typeof Cron>;

export const cron = defineSettings({
  path: "cron",
  summary: "Jobs that run at set times.",
  reload: "live",
  schema: Cron,
});
